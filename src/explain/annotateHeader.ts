import { hashToHex } from '../bytes/hex.ts';
import { isSignalling } from '../consensus/versionBits.ts';
import { bitsToTarget } from '../primitives/target.ts';
import type { FieldRecorder, Words } from './fieldRecorder.ts';
import { bitsHex, date, versionText, wide } from './words.ts';

const VERSION_BITS = 29;

/** Notes the 80 bytes of a header. @throws DecodeError */
export function recordHeader(recorder: FieldRecorder): void {
  recorder.field('version', (reader) => reader.i32(), describeVersion);
  recorder.field('previous block', (reader) => reader.bytes(32), describePrevious);
  recorder.field(
    'merkle root',
    (reader) => reader.bytes(32),
    (root) => ({ value: hashToHex(root), meaning: 'one hash that stands for all transactions' }),
  );
  recorder.field(
    'time',
    (reader) => reader.u32(),
    (time) => ({ value: date(time), meaning: `${time} seconds since 1970` }),
  );
  recorder.field('bits', (reader) => reader.u32(), describeBits);
  recorder.field(
    'nonce',
    (reader) => reader.u32(),
    (nonce) => ({ value: String(nonce), meaning: 'what the miner changed until the hash was low enough' }),
  );
}

function describeVersion(version: number): Words {
  const value = versionText(version);
  if (!isSignalling(version)) return { value };
  const signals = Array.from({ length: VERSION_BITS }, (_, bit) => bit).filter(
    (bit) => (version >>> bit) & 1,
  );
  const meaning = signals.length === 0 ? 'signals no soft fork' : `signals bit ${signals.join(', ')}`;
  return { value, meaning: `${meaning} (BIP9)` };
}

function describePrevious(hash: Uint8Array): Words {
  const isNone = hash.every((byte) => byte === 0);
  const meaning = isNone ? 'none: the first block' : 'its hash, last byte first: this is what makes a chain';
  return { value: hashToHex(hash), meaning };
}

function describeBits(bits: number): Words {
  const target = bitsToTarget(bits);
  if (target === undefined) return { value: bitsHex(bits), meaning: 'stands for no target' };
  const mantissa = bitsHex(bits).slice(2);
  const zeros = (bits >>> 24) - 3;
  const meaning = zeros >= 0 ? `${mantissa} and ${zeros} zero bytes behind it` : 'a very small number';
  return { value: bitsHex(bits), meaning: `the target in compact form: ${meaning}, ${wide(target)}` };
}
