import { z } from 'zod';

/**
 * What Bitcoin Core 28 documents of the answers of its RPC (the "Result" of `bitcoin-cli help METHOD`): each field that is
 * not called optional must be there, with its type. More fields may be. Fields of things that IndieCoin does not have,
 * like witnesses, are left out.
 */
export const text = z.string();
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const hex = z.string().regex(/^([0-9a-f]{2})*$/);
export const flag = z.boolean();
export const whole = z.int();
/** Coins, with at most eight decimals. */
export const amount = z.number().refine((value) => Math.abs(value * 1e8 - Math.round(value * 1e8)) < 1e-3);
/** The client gives those of more than 15 digits as text. */
const number = z.coerce.number();
export const time = whole.min(0);

const scriptPubKey = z.object({ asm: text, desc: text, hex, address: text.optional(), type: text });
const prevout = z.object({ generated: flag, height: whole, value: amount, scriptPubKey });
const input = z.union([
  z.object({ coinbase: hex, sequence: whole }),
  z.object({ txid: hash, vout: whole, scriptSig: z.object({ asm: text, hex }), sequence: whole }),
]);
const transaction = z.object({
  txid: hash,
  hash,
  size: whole,
  vsize: whole,
  weight: whole,
  version: whole,
  locktime: whole,
  vin: z.array(input).min(1),
  vout: z.array(z.object({ value: amount, n: whole, scriptPubKey })).min(1),
});
const header = z.object({
  hash,
  confirmations: whole,
  height: whole,
  version: whole,
  versionHex: z.string().length(8),
  merkleroot: hash,
  time,
  mediantime: time,
  nonce: whole,
  bits: z.string().length(8),
  difficulty: number,
  chainwork: hash,
  nTx: whole,
  previousblockhash: hash.optional(),
  nextblockhash: hash.optional(),
});
const block = header.extend({ strippedsize: whole, size: whole, weight: whole });
const mempoolEntry = z.object({
  vsize: whole,
  weight: whole,
  time,
  height: whole,
  descendantcount: whole,
  descendantsize: whole,
  ancestorcount: whole,
  ancestorsize: whole,
  wtxid: hash,
  fees: z.object({ base: amount, modified: amount, ancestor: amount, descendant: amount }),
  depends: z.array(hash),
  spentby: z.array(hash),
  'bip125-replaceable': flag,
  unbroadcast: flag,
});
const fiveRates = z.array(whole).length(5);

export const BITCOIN_SHAPES = {
  getblockchaininfo: z.object({
    chain: z.enum(['main', 'test', 'testnet4', 'signet', 'regtest']),
    blocks: whole,
    headers: whole,
    bestblockhash: hash,
    difficulty: number,
    time,
    mediantime: time,
    verificationprogress: number.min(0).max(1),
    initialblockdownload: flag,
    chainwork: hash,
    size_on_disk: whole,
    pruned: flag,
    warnings: z.array(text),
  }),
  getnetworkinfo: z.object({
    version: whole,
    subversion: z.string().regex(/^\/.+:.+\/$/),
    protocolversion: whole,
    localservices: z.string().length(16),
    localservicesnames: z.array(text),
    localrelay: flag,
    timeoffset: whole,
    connections: whole,
    connections_in: whole,
    connections_out: whole,
    networkactive: flag,
    networks: z
      .array(
        z.object({
          name: text,
          limited: flag,
          reachable: flag,
          proxy: text,
          proxy_randomize_credentials: flag,
        }),
      )
      .min(1),
    relayfee: amount,
    incrementalfee: amount,
    localaddresses: z.array(z.object({ address: text, port: whole, score: whole })),
    warnings: z.array(text),
  }),
  getindexinfo: z.record(text, z.object({ synced: flag, best_block_height: whole })),
  getblockheader: header,
  getblock1: block.extend({ tx: z.array(hash).min(1) }),
  getblock2: block.extend({ tx: z.array(transaction.extend({ hex, fee: amount.optional() })).min(1) }),
  getblock3: block.extend({
    tx: z.tuple(
      [transaction],
      transaction.extend({ fee: amount, vin: z.array(z.object({ prevout })).min(1) }),
    ),
  }),
  getblockstats: z.object({
    avgfee: whole,
    avgfeerate: whole,
    avgtxsize: whole,
    blockhash: hash,
    feerate_percentiles: fiveRates,
    height: whole,
    ins: whole,
    maxfee: whole,
    maxfeerate: whole,
    maxtxsize: whole,
    medianfee: whole,
    mediantime: time,
    mediantxsize: whole,
    minfee: whole,
    minfeerate: whole,
    mintxsize: whole,
    outs: whole,
    subsidy: whole,
    swtotal_size: whole,
    swtotal_weight: whole,
    swtxs: whole,
    time,
    total_out: whole,
    total_size: whole,
    total_weight: whole,
    totalfee: whole,
    txs: whole,
    utxo_increase: whole,
    utxo_size_inc: whole,
    utxo_increase_actual: whole,
    utxo_size_inc_actual: whole,
  }),
  getchaintips: z
    .array(
      z.object({
        height: whole,
        hash,
        branchlen: whole,
        status: z.enum(['invalid', 'headers-only', 'valid-headers', 'valid-fork', 'active']),
      }),
    )
    .min(1),
  getchaintxstats: z.object({
    time,
    txcount: whole,
    window_final_block_hash: hash,
    window_final_block_height: whole,
    window_block_count: whole,
    window_tx_count: whole,
    window_interval: whole,
    txrate: number.optional(),
  }),
  getdeploymentinfo: z.object({
    hash,
    height: whole,
    deployments: z.record(text, z.object({ type: text, active: flag, height: whole.optional() })),
  }),
  getrawtransaction1: transaction.extend({
    hex,
    blockhash: hash.optional(),
    confirmations: whole.optional(),
    time: time.optional(),
    blocktime: time.optional(),
  }),
  getrawtransaction2: transaction.extend({ fee: amount, vin: z.array(z.object({ prevout })).min(1) }),
  decoderawtransaction: transaction,
  decodescript: scriptPubKey.omit({ hex: true }),
  testmempoolaccept: z
    .array(
      z.object({
        txid: hash,
        wtxid: hash,
        allowed: flag,
        vsize: whole,
        fees: z.object({ base: amount, 'effective-feerate': amount, 'effective-includes': z.array(hash) }),
      }),
    )
    .min(1),
  gettxout: z.object({
    bestblock: hash,
    confirmations: whole,
    value: amount,
    scriptPubKey,
    coinbase: flag,
  }),
  gettxoutsetinfo: z.object({
    height: whole,
    bestblock: hash,
    txouts: whole,
    bogosize: whole,
    hash_serialized_3: hash,
    total_amount: amount,
    transactions: whole,
    disk_size: whole,
  }),
  scantxoutset: z.object({
    success: z.literal(true),
    txouts: whole,
    height: whole,
    bestblock: hash,
    unspents: z
      .array(
        z.object({
          txid: hash,
          vout: whole,
          scriptPubKey: hex,
          desc: z.string().regex(/^pk\([0-9a-f]{66}\)#[a-z0-9]{8}$/),
          amount,
          coinbase: flag,
          height: whole,
          blockhash: hash,
          confirmations: whole,
        }),
      )
      .min(1),
    total_amount: amount,
  }),
  getrawmempool: z.array(hash).min(1),
  getrawmempoolVerbose: z.record(hash, mempoolEntry),
  getmempoolentry: mempoolEntry,
  getmempoolancestors: z.array(hash),
  getmempoolinfo: z.object({
    loaded: flag,
    size: whole,
    bytes: whole,
    usage: whole,
    total_fee: amount,
    maxmempool: whole,
    mempoolminfee: amount,
    minrelaytxfee: amount,
    incrementalrelayfee: amount,
    unbroadcastcount: whole,
    fullrbf: flag,
  }),
  getmininginfo: z.object({
    blocks: whole,
    difficulty: number,
    networkhashps: number,
    pooledtx: whole,
    chain: text,
    warnings: z.array(text),
  }),
  getnettotals: z.object({
    totalbytesrecv: whole.min(1),
    totalbytessent: whole.min(1),
    timemillis: whole,
    uploadtarget: z.object({
      timeframe: whole,
      target: whole,
      target_reached: flag,
      serve_historical_blocks: flag,
      bytes_left_in_cycle: whole,
      time_left_in_cycle: whole,
    }),
  }),
  getpeerinfo: z
    .array(
      z.object({
        id: whole,
        addr: z.string().regex(/^127\.0\.0\.1:\d+$/),
        network: z.enum(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns', 'not_publicly_routable']),
        services: z.string().length(16),
        servicesnames: z.array(text),
        relaytxes: flag,
        lastsend: time.min(1),
        lastrecv: time.min(1),
        last_transaction: time,
        last_block: time,
        bytessent: whole.min(1),
        bytesrecv: whole.min(1),
        conntime: time.min(1),
        timeoffset: whole,
        pingtime: number.optional(),
        version: whole,
        subver: text,
        inbound: flag,
        bip152_hb_to: flag,
        bip152_hb_from: flag,
        startingheight: whole,
        synced_headers: whole,
        synced_blocks: whole,
        permissions: z.array(text),
        connection_type: z.enum(['outbound-full-relay', 'inbound', 'manual', 'block-relay-only', 'feeler']),
        transport_protocol_type: text,
        session_id: text,
      }),
    )
    .min(1),
  getaddednodeinfo: z.array(
    z.object({
      addednode: text,
      connected: flag,
      addresses: z.array(z.object({ address: text, connected: z.enum(['inbound', 'outbound']) })),
    }),
  ),
  listbanned: z
    .array(
      z.object({
        address: text,
        ban_created: time.min(1),
        banned_until: time,
        ban_duration: whole,
        time_remaining: whole,
      }),
    )
    .min(1),
  estimatesmartfee: z.object({ feerate: amount.optional(), errors: z.array(text).optional(), blocks: whole }),
  getblocktemplate: z.object({
    version: whole,
    rules: z.array(text),
    vbavailable: z.record(text, whole),
    capabilities: z.array(text),
    vbrequired: whole,
    previousblockhash: hash,
    transactions: z.array(
      z.object({
        data: hex,
        txid: hash,
        hash,
        depends: z.array(whole),
        fee: whole,
        sigops: whole,
        weight: whole,
      }),
    ),
    coinbaseaux: z.record(text, text),
    coinbasevalue: whole,
    longpollid: text,
    target: hash,
    mintime: time,
    mutable: z.array(text),
    noncerange: z.literal('00000000ffffffff'),
    sigoplimit: whole,
    sizelimit: whole,
    curtime: time,
    bits: z.string().length(8),
    height: whole,
  }),
  validateaddress: z.object({
    isvalid: z.literal(true),
    address: text,
    scriptPubKey: hex,
    isscript: flag,
    iswitness: flag,
  }),
  getrpcinfo: z.object({
    active_commands: z.array(z.object({ method: text, duration: whole })).min(1),
    logpath: text,
  }),
  logging: z.record(text, flag),
} as const;
