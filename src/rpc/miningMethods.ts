import { DecodeError } from '../bytes/decodeError.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import type { BlockVerdict } from '../chain/blockVerdict.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { DEFAULT_MINING_THREADS, MAX_MINING_THREADS } from '../mining/miningThreads.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { isCoinbase } from '../primitives/transaction.ts';
import { difficultyOf } from './describeHeader.ts';
import type { NodeServices } from './nodeServices.ts';
import { readPayee, text, whole } from './parameters.ts';
import { blockRejectReason } from './rejectReason.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Mining';
/** Where every second hash is a block: a network for tests. */
const TEST_BITS = 0x207fffff;
const MAX_GENERATED = 100_000;

export const miningMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'submitblock',
    theme,
    summary: 'Gives a whole block to the node. Null when it is now the tip, else why not, in BIP22 words.',
    example: 'indiecoin rpc submitblock <hex>',
    parameters: { hexdata: text, dummy: text.optional() },
    run: async ({ chain }, { hexdata }) => {
      const block = readBlockHex(hexdata);
      return submitAnswer(await chain.acceptBlock(block, { requested: true, source: 'rpc', durable: true }));
    },
  }),
  rpcMethod({
    name: 'generatetoaddress',
    theme,
    summary: 'Mines blocks at once, on regtest and other networks with the easiest target.',
    example: 'indiecoin rpc generatetoaddress 101 <address>',
    parameters: { nblocks: whole, address: text, maxtries: whole.optional() },
    run: ({ miner, params }, { nblocks, address }) => {
      if (params.easiestBits !== TEST_BITS) {
        const message = `Blocks are generated on test networks only; ${params.name} is mined with "mine start".`;
        throw new RpcError(RPC_ERROR.misc, message);
      }
      if (nblocks < 0 || nblocks > MAX_GENERATED) {
        throw new RpcError(RPC_ERROR.invalidParameter, `nblocks must be 0 to ${MAX_GENERATED}`);
      }
      return miner.generate(nblocks, readPayee(address, params));
    },
  }),
  rpcMethod({
    name: 'getmininginfo',
    theme,
    summary: 'The next block, and what this node does about it.',
    example: 'indiecoin rpc getmininginfo',
    parameters: {},
    run: ({ chain, mempool, miner, params, warnings }) => ({
      blocks: chain.tip.height,
      difficulty: difficultyOf(chain.tip.bits),
      networkhashps: networkHashesPerSecond(chain, 120),
      pooledtx: mempool.size,
      chain: params.name,
      warnings: warnings(),
      hashespersec: miner.status().hashesPerSecond,
    }),
  }),
  rpcMethod({
    name: 'miningstart',
    theme,
    summary: 'Mines on so many threads, for an address or for the wallet.',
    example: 'indiecoin rpc miningstart 2',
    parameters: { threads: whole.default(DEFAULT_MINING_THREADS), address: text.optional() },
    run: async (services, { threads, address }) => {
      const { miner, params } = services;
      if (threads < 1 || threads > MAX_MINING_THREADS) {
        throw new RpcError(RPC_ERROR.invalidParameter, `threads must be 1 to ${MAX_MINING_THREADS}`);
      }
      if (miner.status().mining) throw new RpcError(RPC_ERROR.misc, 'The node is mining already.');
      const { publicKey, privateKey } =
        address === undefined
          ? await services.wallet.miningKey()
          : { publicKey: undefined, privateKey: undefined };
      const payee = address ?? bytesToHex(publicKey!);
      miner.start({ threads, lockingScript: readPayee(payee, params) });
      // The one time that a new key is shown, as its owner was promised.
      return { ...describeMining(services), ...(privateKey && { privateKey: bytesToHex(privateKey) }) };
    },
  }),
  rpcMethod({
    name: 'miningstop',
    theme,
    summary: 'Stops mining.',
    example: 'indiecoin rpc miningstop',
    parameters: {},
    run: async (services) => {
      await services.miner.stop();
      return describeMining(services);
    },
  }),
  rpcMethod({
    name: 'miningstatus',
    theme,
    summary: 'Whether the node mines, how fast, and for whom.',
    example: 'indiecoin rpc miningstatus',
    parameters: {},
    run: describeMining,
  }),
];

export function describeMining({ miner, params }: NodeServices): Record<string, unknown> {
  const status = miner.status();
  const lock = status.lockingScript && parseLockingScript(status.lockingScript);
  const publicKey = lock?.type === 'public-key' ? lock.publicKey : undefined;
  return {
    mining: status.mining,
    threads: status.threads,
    hashesPerSecond: Math.round(status.hashesPerSecond),
    blocksFound: status.blocksFound,
    stale: status.stale,
    kernel: status.kernel,
    ...(status.expectedSec !== undefined && { expectedSeconds: Math.round(status.expectedSec) }),
    ...(publicKey && { address: encodeAddress(publicKey, params.addressPrefix) }),
    ...(status.lastError !== undefined && { lastError: status.lastError }),
  };
}

/** Bitcoin Core's estimate: the work of the last blocks over the time that they took. */
export function networkHashesPerSecond(chain: NodeServices['chain'], blocks: number): number {
  const { tip } = chain;
  const from = chain.nodeAt(Math.max(0, tip.height - blocks))!;
  const seconds = Math.max(1, tip.timeSec - from.timeSec);
  return Number(tip.chainWork - from.chainWork) / seconds;
}

function readBlockHex(hex: string): Block {
  let block: Block;
  try {
    block = decodeBlock(hexToBytes(hex));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RpcError(RPC_ERROR.deserialization, 'Block decode failed', { cause: error });
  }
  const [first] = block.transactions;
  if (first !== undefined && isCoinbase(first)) return block;
  throw new RpcError(RPC_ERROR.deserialization, 'Block does not start with a coinbase');
}

/** The words of BIP22, as Bitcoin Core uses them. */
function submitAnswer(verdict: BlockVerdict): string | null {
  switch (verdict.status) {
    case 'connected':
      return null;
    case 'known':
      return 'duplicate';
    case 'stored':
    case 'unwanted':
      return 'inconclusive';
    case 'orphan':
      return 'prev-blk-not-found';
    case 'held':
      return 'time-too-new';
    case 'undecodable':
      return 'rejected';
    case 'rejected':
      return blockRejectReason(verdict.rejection);
  }
}
