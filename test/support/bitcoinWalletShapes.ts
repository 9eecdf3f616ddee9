import { z } from 'zod';
import { amount, flag, hash, hex, text, time, whole } from './bitcoinShapes.ts';

/** What Bitcoin Core 28 documents of the answers of its wallet, as in bitcoinShapes. */
const processed = z.object({ hash, height: whole });
const payment = {
  confirmations: whole,
  generated: flag.optional(),
  trusted: flag.optional(),
  blockhash: hash.optional(),
  blockheight: whole.optional(),
  blockindex: whole.optional(),
  blocktime: time.optional(),
  txid: hash,
  wtxid: hash,
  walletconflicts: z.array(hash),
  replaced_by_txid: hash.optional(),
  replaces_txid: hash.optional(),
  mempoolconflicts: z.array(hash),
  time,
  timereceived: time,
  'bip125-replaceable': z.enum(['yes', 'no', 'unknown']),
};
const category = z.enum(['send', 'receive', 'generate', 'immature', 'orphan']);
const detail = {
  involvesWatchonly: flag.optional(),
  address: text.optional(),
  category,
  amount,
  label: text.optional(),
  vout: whole,
  fee: amount.optional(),
  abandoned: flag,
};
const balances = z.object({ trusted: amount, untrusted_pending: amount, immature: amount });
const line = z.object({ ...detail, ...payment });

export const BITCOIN_WALLET_SHAPES = {
  getwalletinfo: z.object({
    walletname: text,
    walletversion: whole,
    format: text,
    balance: amount,
    unconfirmed_balance: amount,
    immature_balance: amount,
    txcount: whole,
    keypoolsize: whole,
    keypoolsize_hd_internal: whole.optional(),
    unlocked_until: time.optional(),
    paytxfee: amount,
    private_keys_enabled: flag,
    avoid_reuse: flag,
    scanning: z.union([z.literal(false), z.object({ duration: whole, progress: z.number() })]),
    descriptors: flag,
    external_signer: flag,
    blank: flag,
    birthtime: time.optional(),
    lastprocessedblock: processed,
  }),
  getbalances: z.object({
    mine: balances,
    watchonly: balances.optional(),
    lastprocessedblock: processed,
  }),
  listunspent: z.array(
    z.object({
      txid: hash,
      vout: whole,
      address: text.optional(),
      label: text.optional(),
      scriptPubKey: hex,
      amount,
      confirmations: whole,
      spendable: flag,
      solvable: flag,
      desc: text.optional(),
      parent_descs: z.array(text).optional(),
      safe: flag,
    }),
  ),
  listtransactions: z.array(line),
  listsinceblock: z.object({ transactions: z.array(line), removed: z.array(line), lastblock: hash }),
  gettransaction: z.object({
    amount,
    fee: amount.optional(),
    ...payment,
    details: z.array(z.object(detail)),
    hex,
    decoded: z.object({ txid: hash }).optional(),
    lastprocessedblock: processed,
  }),
  bumpfee: z.object({ txid: hash, origfee: amount, fee: amount, errors: z.array(text) }),
  verboseSend: z.object({ txid: hash, fee_reason: text }),
  signrawtransactionwithwallet: z.object({
    hex,
    complete: flag,
    errors: z
      .array(
        z.object({
          txid: hash,
          vout: whole,
          witness: z.array(hex),
          scriptSig: hex,
          sequence: whole,
          error: text,
        }),
      )
      .optional(),
  }),
  listlockunspent: z.array(z.object({ txid: hash, vout: whole })),
} as const;
