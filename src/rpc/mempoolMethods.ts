import { hashToHex } from '../bytes/hex.ts';
import type { MempoolEntry } from '../mempool/mempoolEntry.ts';
import { MIN_FEE_RATE } from '../mempool/policy.ts';
import { toCoins, toCoinsPerKilobyte } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readHash, text } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Blockchain';
/** From here on a sequence number says that the sender may not replace the transaction (BIP125). */
const FINAL_SEQUENCE = 0xffff_fffe;

export const mempoolMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getmempoolinfo',
    theme,
    summary: 'How full the mempool is.',
    example: 'indiecoin rpc getmempoolinfo',
    parameters: {},
    run: describeMempool,
  }),
  rpcMethod({
    name: 'getrawmempool',
    theme,
    summary: 'The txids in the mempool, or with verbose an object with the fields of each.',
    example: 'indiecoin rpc getrawmempool true',
    parameters: { verbose: flag.default(false), mempool_sequence: flag.default(false) },
    run: ({ mempool }, { verbose }) => {
      const entries = [...mempool.byFeeRate()];
      if (!verbose) return entries.map(({ txid }) => txid);
      return Object.fromEntries(entries.map((entry) => [entry.txid, describeEntry(entry)]));
    },
  }),
  rpcMethod({
    name: 'getmempoolentry',
    theme,
    summary: 'One transaction of the mempool.',
    example: 'indiecoin rpc getmempoolentry <txid>',
    parameters: { txid: text },
    run: ({ mempool }, given) => {
      const entry = mempool.get(readHash(given.txid, 'txid'));
      if (entry === undefined)
        throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Transaction not in mempool');
      return describeEntry(entry);
    },
  }),
];

function describeMempool({ mempool }: NodeServices): Record<string, unknown> {
  let totalFee = 0n;
  for (const { fee } of mempool.byFeeRate()) totalFee += fee;
  const minFee = toCoinsPerKilobyte(MIN_FEE_RATE);
  return {
    loaded: true,
    size: mempool.size,
    bytes: mempool.bytes,
    usage: mempool.usage,
    total_fee: toCoins(totalFee),
    maxmempool: mempool.maxUsage,
    mempoolminfee: toCoinsPerKilobyte(mempool.minFeeRate),
    minrelaytxfee: minFee,
    incrementalrelayfee: minFee,
    unbroadcastcount: 0,
    fullrbf: false,
  };
}

function describeEntry(entry: MempoolEntry): Record<string, unknown> {
  const size = entry.transaction.bytes.length;
  const ancestors = family(entry, ({ parents }) => parents);
  const descendants = family(entry, ({ children }) => children);
  return {
    vsize: size,
    weight: size * 4,
    time: entry.addedSec,
    height: entry.height,
    descendantcount: descendants.length,
    descendantsize: bytesOf(descendants),
    ancestorcount: ancestors.length,
    ancestorsize: bytesOf(ancestors),
    wtxid: hashToHex(entry.transaction.hash),
    fees: {
      base: toCoins(entry.fee),
      modified: toCoins(entry.fee),
      ancestor: toCoins(feesOf(ancestors)),
      descendant: toCoins(feesOf(descendants)),
    },
    depends: [...entry.parents].map(({ txid }) => txid),
    spentby: [...entry.children].map(({ txid }) => txid),
    'bip125-replaceable': entry.transaction.inputs.some(({ sequence }) => sequence < FINAL_SEQUENCE),
    unbroadcast: false,
  };
}

/** The entry and all that follow from it, each once. */
function family(entry: MempoolEntry, next: (of: MempoolEntry) => Iterable<MempoolEntry>): MempoolEntry[] {
  const found = new Set([entry]);
  for (const member of found) for (const relative of next(member)) found.add(relative);
  return [...found];
}

function bytesOf(entries: readonly MempoolEntry[]): number {
  return entries.reduce((sum, { transaction }) => sum + transaction.bytes.length, 0);
}

function feesOf(entries: readonly MempoolEntry[]): bigint {
  return entries.reduce((sum, { fee }) => sum + fee, 0n);
}
