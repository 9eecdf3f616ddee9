import { family, type MempoolEntry } from '../mempool/mempoolEntry.ts';
import { toCoins } from './amounts.ts';

/** From here on a sequence number says that the sender may not replace the transaction (BIP125). */
const FINAL_SEQUENCE = 0xffff_fffe;

/** The fields that Bitcoin's RPC shows of a transaction that waits. Without witnesses a virtual byte is a byte. */
export function describeMempoolEntry(entry: MempoolEntry): Record<string, unknown> {
  const { transaction, ancestors, descendants } = entry;
  const size = transaction.bytes.length;
  return {
    vsize: size,
    weight: size * 4,
    time: entry.addedSec,
    height: entry.height,
    descendantcount: descendants.count,
    descendantsize: descendants.bytes,
    ancestorcount: ancestors.count,
    ancestorsize: ancestors.bytes,
    wtxid: entry.txid,
    fees: {
      base: toCoins(entry.fee),
      modified: entry.modifiedFee / 1e8,
      ancestor: ancestors.fees / 1e8,
      descendant: descendants.fees / 1e8,
    },
    depends: txidsOf(entry.parents),
    spentby: txidsOf(entry.children),
    'bip125-replaceable': signalsReplacement(entry),
    unbroadcast: false,
  };
}

export function txidsOf(entries: Iterable<MempoolEntry>): string[] {
  return Array.from(entries, ({ txid }) => txid);
}

/** Whether it or what it depends on says so (BIP125). Here any may be replaced. */
function signalsReplacement(entry: MempoolEntry): boolean {
  for (const { transaction } of family(entry, 'parents')) {
    if (transaction.inputs.some(({ sequence }) => sequence < FINAL_SEQUENCE)) return true;
  }
  return false;
}
