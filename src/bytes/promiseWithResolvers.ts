/**
 * `Promise.withResolvers` (ES2024) for Node 20, which libp2p calls without asking. Import it before libp2p.
 */
type WithResolvers = { withResolvers?: unknown };

if ((Promise as WithResolvers).withResolvers === undefined) {
  (Promise as WithResolvers).withResolvers = function withResolvers<T>() {
    let resolve!: (value: T | PromiseLike<T>) => void;
    let reject!: (reason?: unknown) => void;
    const promise = new Promise<T>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    return { promise, resolve, reject };
  };
}
