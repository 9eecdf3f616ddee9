import { PrunedError } from '../chain/prunedError.ts';
import type { NodeServices } from './nodeServices.ts';
import { findNode, readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type CallContext, type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Blockchain';
/** Milliseconds; 0 waits for ever. A timer takes no more than this. */
const timeout = whole.min(0, 'Negative timeout').max(0x7fff_ffff).default(0);

/** Methods that steer which chain is followed, and those that wait for it to move. */
export const chainControlMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'invalidateblock',
    theme,
    summary:
      'Condemns a block as if it broke a rule, until reconsiderblock: its chain is left for the next best.',
    example: 'indiecoin rpc invalidateblock <block hash>',
    parameters: { blockhash: text },
    run: async (services, { blockhash }) => {
      const node = findNode(services, blockhash, 'blockhash');
      if (node.parent === undefined) {
        throw new RpcError(RPC_ERROR.invalidParameter, 'The genesis block cannot be invalidated');
      }
      await orSayWhatWasPruned(services.chain.invalidate(node));
      return null;
    },
  }),
  rpcMethod({
    name: 'reconsiderblock',
    theme,
    summary: 'Takes back a verdict on a block and what is tied to it: its rules are asked anew.',
    example: 'indiecoin rpc reconsiderblock <block hash>',
    parameters: { blockhash: text },
    run: async (services, { blockhash }) => {
      await orSayWhatWasPruned(services.chain.reconsider(findNode(services, blockhash, 'blockhash')));
      return null;
    },
  }),
  rpcMethod({
    name: 'waitfornewblock',
    theme,
    summary: 'Waits until the tip changes, or so many milliseconds. The tip then.',
    example: 'indiecoin rpc waitfornewblock 60000',
    isWaiting: true,
    parameters: { timeout },
    run: (services, given, context) => {
      const { tip } = services.chain;
      return waitUntil(services, () => services.chain.tip !== tip, given.timeout, context);
    },
  }),
  rpcMethod({
    name: 'waitforblock',
    theme,
    summary: 'Waits until this block is the tip, or so many milliseconds. The tip then.',
    example: 'indiecoin rpc waitforblock <block hash> 60000',
    isWaiting: true,
    parameters: { blockhash: text, timeout },
    run: (services, given, context) => {
      const hash = readHash(given.blockhash, 'blockhash');
      return waitUntil(services, () => services.chain.tip.hash === hash, given.timeout, context);
    },
  }),
  rpcMethod({
    name: 'waitforblockheight',
    theme,
    summary: 'Waits until the tip is at least this high, or so many milliseconds. The tip then.',
    example: 'indiecoin rpc waitforblockheight 1000 60000',
    isWaiting: true,
    parameters: { height: whole, timeout },
    run: (services, given, context) =>
      waitUntil(services, () => services.chain.tip.height >= given.height, given.timeout, context),
  }),
];

async function waitUntil(
  { chain, events }: NodeServices,
  isMet: () => boolean,
  timeoutMs: number,
  { signal }: CallContext,
): Promise<{ hash: string; height: number }> {
  const signals = timeoutMs === 0 ? [signal] : [signal, AbortSignal.timeout(timeoutMs)];
  await events.until(isMet, AbortSignal.any(signals));
  const { hash, height } = chain.tip;
  return { hash, height };
}

async function orSayWhatWasPruned(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof PrunedError)) throw error;
    throw new RpcError(RPC_ERROR.misc, error.message, { cause: error });
  }
}
