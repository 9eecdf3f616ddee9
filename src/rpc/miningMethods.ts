import { z } from 'zod';
import { DecodeError } from '../bytes/decodeError.ts';
import { bytesToHex, hashToHex, hexToBytes } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { BlockVerdict } from '../chain/blockVerdict.ts';
import { nextBits } from '../consensus/checkHeader.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import { DEFAULT_MINING_THREADS, MAX_MINING_THREADS } from '../mining/miningThreads.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import { type BlockHeader, decodeHeader } from '../primitives/header.ts';
import { isCoinbase } from '../primitives/transaction.ts';
import { bitsHex, difficultyOf, targetHex } from './describeHeader.ts';
import type { NodeServices } from './nodeServices.ts';
import { readPayee, text, whole } from './parameters.ts';
import { blockRejectReason } from './rejectReason.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Mining';
/** Where every second hash is a block: a network for tests. */
export const TEST_BITS = 0x207fffff;
/** Bitcoin Core's default. */
const RATE_BLOCKS = 120;
const MAX_GENERATED = 100_000;

export const miningMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'submitblock',
    theme,
    summary: 'Gives a whole block to the node. Null when it is now the tip, else why not, in BIP22 words.',
    example: 'indiecoin rpc submitblock <hex>',
    // BIP22's second one may name a `workid`, which no template of ours has.
    parameters: { hexdata: text, dummy: z.unknown().optional() },
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
    name: 'submitheader',
    theme,
    summary: 'Gives a header to the node, whose parent it must know. Null when it is valid.',
    example: 'indiecoin rpc submitheader <hex>',
    parameters: { hexdata: text },
    run: ({ chain }, { hexdata }) => {
      const header = readHeaderHex(hexdata);
      if (chain.node(hashToHex(header.previousHash)) === undefined) {
        const message = `Must submit previous header (${hashToHex(header.previousHash)}) first`;
        throw new RpcError(RPC_ERROR.verify, message);
      }
      const result = chain.acceptHeaders([header]);
      if ('rejection' in result) throw new RpcError(RPC_ERROR.verify, blockRejectReason(result.rejection));
      return null;
    },
  }),
  rpcMethod({
    name: 'getnetworkhashps',
    theme,
    summary:
      'Hashes a second of all miners together, estimated from so many blocks (-1: since the last retarget).',
    example: 'indiecoin rpc getnetworkhashps 120',
    parameters: { nblocks: whole.default(RATE_BLOCKS), height: whole.default(-1) },
    run: (services, { nblocks, height }) =>
      networkHashesPerSecond(...readRateWindow(services, nblocks, height)),
  }),
  rpcMethod({
    name: 'getmininginfo',
    theme,
    summary: 'The next block, and what this node does about it.',
    example: 'indiecoin rpc getmininginfo',
    parameters: {},
    run: ({ chain, mempool, miner, params, warnings }) => {
      const { tip } = chain;
      const bits = nextBits(tip, params);
      return {
        blocks: tip.height,
        bits: bitsHex(tip.bits),
        difficulty: difficultyOf(tip.bits),
        target: targetHex(tip.bits),
        networkhashps: networkHashesPerSecond(tip, RATE_BLOCKS),
        pooledtx: mempool.size,
        chain: params.name,
        next: {
          height: tip.height + 1,
          bits: bitsHex(bits),
          difficulty: difficultyOf(bits),
          target: targetHex(bits),
        },
        warnings: warnings(),
        hashespersec: miner.status().hashesPerSecond,
      };
    },
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
  rpcMethod({
    name: 'stratumstatus',
    theme,
    summary:
      'The mining machines that work for this node by Stratum, and their shares; null without --stratum-port.',
    example: 'indiecoin rpc stratumstatus',
    parameters: {},
    run: ({ stratum }) => stratum() ?? null,
  }),
];

export function describeMining({ miner, params, stratum }: NodeServices): Record<string, unknown> {
  const status = miner.status();
  const lock = status.lockingScript && parseLockingScript(status.lockingScript);
  const publicKey = lock?.type === 'public-key' ? lock.publicKey : undefined;
  return {
    mining: status.mining,
    threads: status.threads,
    hashesPerSecond: Math.round(status.hashesPerSecond),
    hashes: status.hashes,
    blocksFound: status.blocksFound,
    stale: status.stale,
    kernel: status.kernel,
    ...(status.expectedSec !== undefined && { expectedSeconds: Math.round(status.expectedSec) }),
    ...(publicKey && { address: encodeAddress(publicKey, params.addressPrefix) }),
    ...(status.lastError !== undefined && { lastError: status.lastError }),
    ...describeExternal(stratum()),
  };
}

function describeExternal(status: ReturnType<NodeServices['stratum']>): Record<string, unknown> {
  if (status === undefined) return {};
  const { address, connections, hashesPerSecond, blocksFound } = status;
  return { external: { address, connections, hashesPerSecond, blocksFound } };
}

/** Bitcoin Core's estimate (GetNetworkHashPS): the work of so many blocks up to this one over the time that they span. */
export function networkHashesPerSecond(end: BlockNode, blocks: number): number {
  const from = Math.max(0, end.height - blocks);
  let [earliest, latest] = [end.timeSec, end.timeSec];
  let start = end;
  while (start.height > from) {
    start = start.parent!;
    earliest = Math.min(earliest, start.timeSec);
    latest = Math.max(latest, start.timeSec);
  }
  return earliest === latest ? 0 : Number(end.chainWork - start.chainWork) / (latest - earliest);
}

/** The block whose rate is asked for, and over how many blocks. @throws RpcError -8, as Bitcoin Core words it */
function readRateWindow(
  { chain, params }: NodeServices,
  nblocks: number,
  height: number,
): [end: BlockNode, blocks: number] {
  if (nblocks < -1 || nblocks === 0) {
    throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid nblocks. Must be a positive number or -1.');
  }
  if (height < -1 || height > chain.tip.height) {
    throw new RpcError(RPC_ERROR.invalidParameter, 'Block does not exist at specified height');
  }
  const end = height < 0 ? chain.tip : chain.nodeAt(height)!;
  // Where the target never changes, all blocks are since the last change.
  const sinceRetarget = params.retargetBlocks === 0 ? end.height : (end.height % params.retargetBlocks) + 1;
  return [end, nblocks === -1 ? sinceRetarget : nblocks];
}

/** @throws RpcError -22 */
export function readBlockHex(hex: string): Block {
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

function readHeaderHex(hex: string): BlockHeader {
  try {
    return decodeHeader(hexToBytes(hex));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RpcError(RPC_ERROR.deserialization, 'Block header decode failed', { cause: error });
  }
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
