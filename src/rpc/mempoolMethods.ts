import { z } from 'zod';
import { keyToBytes } from '../bytes/bytes.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { family, type MempoolEntry } from '../mempool/mempoolEntry.ts';
import { INCREMENTAL_FEE_RATE, MIN_FEE_RATE } from '../mempool/policy.ts';
import { toCoins, toCoinsPerKilobyte } from './amounts.ts';
import { describeMempoolEntry, txidsOf } from './describeMempoolEntry.ts';
import { estimateSmartFee } from './estimateSmartFee.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { testMempoolAccept } from './testMempoolAccept.ts';

const theme = 'Blockchain';
/** The longest data script that a transaction may have. */
const MAX_DATA_SCRIPT_BYTES = 83;

export const mempoolMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getmempoolinfo',
    theme,
    summary: 'How full the mempool is, and what it asks for.',
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
    run: ({ mempool }, { verbose, mempool_sequence }) => {
      if (!verbose) {
        const txids = txidsOf(mempool.byFeeRate());
        return mempool_sequence ? { txids, mempool_sequence: mempool.sequence } : txids;
      }
      if (mempool_sequence) {
        const message = 'Verbose results cannot contain mempool sequence values.';
        throw new RpcError(RPC_ERROR.invalidParameter, message);
      }
      return describeAll(mempool.byFeeRate());
    },
  }),
  rpcMethod({
    name: 'getmempoolentry',
    theme,
    summary: 'One transaction of the mempool.',
    example: 'indiecoin rpc getmempoolentry <txid>',
    parameters: { txid: text },
    run: (services, { txid }) => describeMempoolEntry(findEntry(services, txid)),
  }),
  rpcMethod({
    name: 'getmempoolancestors',
    theme,
    summary: 'The unconfirmed transactions that one of the mempool depends on.',
    example: 'indiecoin rpc getmempoolancestors <txid> true',
    parameters: { txid: text, verbose: flag.default(false) },
    run: (services, given) => describeFamily(services, given, 'parents'),
  }),
  rpcMethod({
    name: 'getmempooldescendants',
    theme,
    summary: 'The unconfirmed transactions that depend on one of the mempool.',
    example: 'indiecoin rpc getmempooldescendants <txid> true',
    parameters: { txid: text, verbose: flag.default(false) },
    run: (services, given) => describeFamily(services, given, 'children'),
  }),
  rpcMethod({
    name: 'gettxspendingprevout',
    theme,
    summary: 'Which transactions of the mempool spend these outputs.',
    example: `indiecoin rpc gettxspendingprevout '[{"txid":"<txid>","vout":0}]'`,
    parameters: { outputs: z.array(z.strictObject({ txid: text, vout: whole })) },
    run: findSpenders,
  }),
  rpcMethod({
    name: 'savemempool',
    theme,
    summary: 'Writes the mempool to the disk, as happens at every orderly end.',
    example: 'indiecoin rpc savemempool',
    parameters: {},
    run: async ({ mempoolFiles }) => {
      if (await mempoolFiles.save()) return { filename: mempoolFiles.path };
      throw new RpcError(RPC_ERROR.misc, 'The mempool was not loaded yet');
    },
  }),
  rpcMethod({
    name: 'prioritisetransaction',
    theme: 'Mining',
    summary: 'Lets a transaction count as if it paid so many base units more, or less, than it does.',
    example: 'indiecoin rpc prioritisetransaction <txid> 0 10000',
    parameters: { txid: text, dummy: z.number().default(0), fee_delta: whole },
    run: ({ mempool }, { txid, dummy, fee_delta }) => {
      const hash = hexToHash(readHash(txid, 'txid'));
      if (dummy !== 0) {
        const message = 'Priority is no longer supported, dummy argument to prioritisetransaction must be 0.';
        throw new RpcError(RPC_ERROR.invalidParameter, message);
      }
      mempool.prioritise(hash, fee_delta);
      return true;
    },
  }),
  rpcMethod({
    name: 'getprioritisedtransactions',
    theme: 'Mining',
    summary: 'The transactions that prioritisetransaction was called for.',
    example: 'indiecoin rpc getprioritisedtransactions',
    parameters: {},
    run: ({ mempool }) =>
      Object.fromEntries(
        Array.from(mempool.feeDeltas, ([key, delta]) => {
          const txid = hashToHex(keyToBytes(key));
          const entry = mempool.get(txid);
          const modified = entry && { modified_fee: entry.modifiedFee };
          return [txid, { fee_delta: delta, in_mempool: entry !== undefined, ...modified }];
        }),
      ),
  }),
  testMempoolAccept,
  estimateSmartFee,
];

function describeMempool({ mempool, mempoolFiles }: NodeServices): Record<string, unknown> {
  return {
    loaded: mempoolFiles.isLoaded,
    size: mempool.size,
    bytes: mempool.bytes,
    usage: mempool.usage,
    total_fee: toCoins(mempool.fees),
    maxmempool: mempool.maxUsage,
    mempoolminfee: toCoinsPerKilobyte(mempool.minFeeRate),
    minrelaytxfee: toCoinsPerKilobyte(MIN_FEE_RATE),
    incrementalrelayfee: toCoinsPerKilobyte(INCREMENTAL_FEE_RATE),
    // What is ours goes to every peer at once, and is given to whoever compares mempools later.
    unbroadcastcount: 0,
    fullrbf: true,
    permitbaremultisig: false,
    maxdatacarriersize: MAX_DATA_SCRIPT_BYTES,
  };
}

/** @throws RpcError -5 */
function findEntry({ mempool }: NodeServices, txid: string): MempoolEntry {
  const entry = mempool.get(readHash(txid, 'txid'));
  if (entry === undefined) throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Transaction not in mempool');
  return entry;
}

function describeFamily(
  services: NodeServices,
  { txid, verbose }: { txid: string; verbose: boolean },
  via: 'parents' | 'children',
): string[] | Record<string, unknown> {
  const entry = findEntry(services, txid);
  const members = [...family(entry, via)].filter((member) => member !== entry);
  return verbose ? describeAll(members) : txidsOf(members);
}

function describeAll(entries: Iterable<MempoolEntry>): Record<string, unknown> {
  return Object.fromEntries(Array.from(entries, (entry) => [entry.txid, describeMempoolEntry(entry)]));
}

function findSpenders(
  { mempool }: NodeServices,
  { outputs }: { outputs: readonly { txid: string; vout: number }[] },
): Record<string, unknown>[] {
  if (outputs.length === 0)
    throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid parameter, outputs are missing');
  return outputs.map(({ txid, vout }) => {
    const txHash = hexToHash(readHash(txid, 'txid'));
    if (vout < 0)
      throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid parameter, vout cannot be negative');
    const spendingtxid = mempool.spenderOf({ txHash, index: vout });
    return { txid, vout, ...(spendingtxid !== undefined && { spendingtxid }) };
  });
}
