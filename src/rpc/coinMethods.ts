import { createHash, type Hash } from 'node:crypto';
import { z } from 'zod';
import { equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import { sha256 } from '../bytes/sha256.ts';
import type { Coin } from '../consensus/coin.ts';
import type { Outpoint } from '../primitives/transaction.ts';
import { toCoins } from './amounts.ts';
import { describeScript, readDescriptor } from './descriptor.ts';
import type { NodeServices } from './nodeServices.ts';
import { text } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type CallContext, type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Blockchain';
/** What Bitcoin Core counts for a coin beside its script, in a measure that no database has. */
const BOGO_BYTES = 50;
/** Scripts looked for in one scan. */
const MAX_SCAN_OBJECTS = 10_000;

type FoundCoin = Readonly<{ outpoint: Outpoint; coin: Coin }>;

export const coinMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'gettxoutsetinfo',
    theme,
    summary:
      'All unspent outputs, counted and added up. Nodes with the same coins have the same hashes; hash_serialized_3 is made as in Bitcoin Core.',
    example: 'indiecoin rpc gettxoutsetinfo',
    parameters: { hash_type: z.enum(['hash_serialized_3', 'none']).default('hash_serialized_3') },
    run: (services, { hash_type }, context) => describeCoinSet(services, hash_type !== 'none', context),
  }),
  rpcMethod({
    name: 'scantxoutset',
    theme,
    summary: 'Looks through all coins for those of some descriptors: start; or status and abort of that.',
    example: 'indiecoin rpc scantxoutset start \'["addr(<address>)"]\'',
    parameters: {
      action: z.enum(['start', 'status', 'abort']),
      scanobjects: z
        .array(z.union([text, z.strictObject({ desc: text, range: z.unknown().optional() })]))
        .max(MAX_SCAN_OBJECTS)
        .optional(),
    },
    // What asks for the state of a scan, or ends it, must get through while others run.
    isWaiting: true,
    run: (services, { action, scanobjects }, context) => {
      if (action === 'status')
        return running === undefined ? null : { progress: Math.floor(running.percent) };
      if (action === 'abort') return abortScan();
      if (scanobjects === undefined) {
        throw new RpcError(RPC_ERROR.misc, 'scanobjects argument is required for the start action');
      }
      const descriptors = scanobjects.map((it) => (typeof it === 'string' ? it : it.desc));
      return scan(services, descriptors, context);
    },
  }),
];

async function describeCoinSet(
  { chain }: NodeServices,
  isHashed: boolean,
  { signal }: CallContext,
): Promise<Record<string, unknown>> {
  let amount = 0n;
  let bogosize = 0;
  let transactions = 0;
  const hash = createHash('sha256');
  // The outputs of one transaction come together, but not in their order.
  let group: FoundCoin[] = [];
  const finishGroup = () => {
    if (group.length > 0) transactions++;
    if (isHashed) for (const found of group.sort(byIndex)) hashCoin(hash, found);
    group = [];
  };
  const { tip, coinCount, coinSetHash } = await chain.scanCoins((outpoint, coin) => {
    signal.throwIfAborted();
    amount += coin.amount;
    bogosize += BOGO_BYTES + coin.lockingScript.length;
    if (group.length > 0 && !equalBytes(group[0]!.outpoint.txHash, outpoint.txHash)) finishGroup();
    group.push({ outpoint, coin });
  });
  finishGroup();
  return {
    height: tip.height,
    bestblock: tip.hash,
    txouts: coinCount,
    bogosize,
    ...(isHashed && { hash_serialized_3: hashToHex(sha256(hash.digest())) }),
    total_amount: toCoins(amount),
    transactions,
    disk_size: chain.databaseStats().chain.levels.reduce((sum, { bytes }) => sum + bytes, 0),
    coin_set_count: coinCount,
    coin_set_hash: coinSetHash,
  };
}

function byIndex(a: FoundCoin, b: FoundCoin): number {
  return a.outpoint.index - b.outpoint.index;
}

/** A coin as Bitcoin Core serializes it for hash_serialized_3 (kernel/coinstats.cpp). */
function hashCoin(hash: Hash, { outpoint, coin }: FoundCoin): void {
  const bytes = new ByteWriter(128)
    .bytes(outpoint.txHash)
    .u32(outpoint.index)
    .u32(coin.height * 2 + Number(coin.isCoinbase))
    .u64(coin.amount)
    .compactSize(coin.lockingScript.length)
    .bytes(coin.lockingScript)
    .finish();
  hash.update(bytes);
}

/** The one scan that may run at a time: each looks at every coin. */
type Scan = { percent: number; abort: () => void };
let running: Scan | undefined;

function abortScan(): boolean {
  running?.abort();
  return running !== undefined;
}

async function scan(
  services: NodeServices,
  descriptors: readonly string[],
  { signal }: CallContext,
): Promise<Record<string, unknown>> {
  if (running !== undefined) {
    throw new RpcError(
      RPC_ERROR.invalidParameter,
      'Scan already in progress, use action "abort" or "status"',
    );
  }
  const wanted = new Set(descriptors.map((one) => bytesToHex(readDescriptor(one, services.params))));
  const aborting = new AbortController();
  const mine: Scan = { percent: 0, abort: () => aborting.abort() };
  running = mine;
  try {
    const stop = AbortSignal.any([signal, aborting.signal]);
    return await findCoins(services, { wanted, stop, progress: (percent) => (mine.percent = percent) });
  } catch (error) {
    if (!aborting.signal.aborted) throw error;
    throw new RpcError(RPC_ERROR.misc, 'Scan aborted', { cause: error });
  } finally {
    running = undefined;
  }
}

async function findCoins(
  { chain }: NodeServices,
  by: Readonly<{ wanted: ReadonlySet<string>; stop: AbortSignal; progress: (percent: number) => void }>,
): Promise<Record<string, unknown>> {
  const found: FoundCoin[] = [];
  const { tip, coinCount } = await chain.scanCoins((outpoint, coin) => {
    by.stop.throwIfAborted();
    // Coins come in the order of their hashes, which are spread evenly.
    by.progress(((outpoint.txHash[0]! * 256 + outpoint.txHash[1]!) * 100) / 65_536);
    if (by.wanted.has(bytesToHex(coin.lockingScript))) found.push({ outpoint, coin });
  });
  return {
    success: true,
    txouts: coinCount,
    height: tip.height,
    bestblock: tip.hash,
    unspents: found.map(({ outpoint, coin }) => ({
      txid: hashToHex(outpoint.txHash),
      vout: outpoint.index,
      scriptPubKey: bytesToHex(coin.lockingScript),
      desc: describeScript(coin.lockingScript),
      amount: toCoins(coin.amount),
      coinbase: coin.isCoinbase,
      height: coin.height,
      blockhash: chain.nodeAt(coin.height)?.hash,
      confirmations: tip.height - coin.height + 1,
    })),
    total_amount: toCoins(found.reduce((sum, { coin }) => sum + coin.amount, 0n)),
  };
}
