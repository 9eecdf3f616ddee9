import { bytesToHex, hashToHex } from '../../bytes/hex.ts';
import type { Explanation } from '../../explain/explanation.ts';
import { wide } from '../../explain/words.ts';
import { formatAmount } from '../../wallet/amount.ts';

/** Numbers of 256 bits, written as the RPC writes them. */
const WIDE = new Set(['target', 'work', 'chainWork']);
/** Hashes as people write them; all other bytes stay in their own order. */
const HASHES = new Set(['merkleRoot', 'headerRoot', 'left', 'right', 'parent', 'own', 'hashes', 'levels']);

/** The same content for machines: bytes as hex, amounts as decimal strings in coins. */
export function toJson(explanation: Explanation, verdict: string): unknown {
  return { verdict, ...(plain('', explanation) as object) };
}

function plain(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return WIDE.has(key) ? wide(value) : formatAmount(value);
  if (value instanceof Uint8Array) return HASHES.has(key) ? hashToHex(value) : bytesToHex(value);
  if (Array.isArray(value)) return value.map((one) => plain(key, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(name, one)]));
}
