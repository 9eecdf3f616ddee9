// npm run bench -- NAME: runs one benchmark, which prints what it measures.
const benches: Record<string, () => Promise<{ run(): Promise<void> }>> = {
  chain: () => import('./chain.ts'),
  mempool: () => import('./mempool.ts'),
  nonce: () => import('./nonce.ts'),
  verify: () => import('./verify.ts'),
};

const name = process.argv[2] ?? '';
const load = benches[name];
if (load === undefined) {
  console.error(`which benchmark? one of: ${Object.keys(benches).join(', ')}`);
  process.exit(1);
}
await (await load()).run();
