import { COIN } from '../params/networkParams.ts';

/** How things are said. */

/** Base units as coins, all eight digits: `1,250.00000000`. */
export function coins(amount: bigint): string {
  if (amount < 0n) return `-${coins(-amount)}`;
  return `${whole(amount / COIN)}.${(amount % COIN).toString().padStart(8, '0')}`;
}

/** Seconds since 1970 as people read them: `2009-01-12 03:30:25 UTC`. */
export function date(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A whole number with a comma every three digits. */
export function whole(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** The compact form as people write it: eight hex digits. */
export function bitsHex(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}

/** A number of up to 256 bits as 64 hex digits, so that two of them can be compared with the eye. */
export function wide(value: bigint): string {
  return value.toString(16).padStart(64, '0');
}

/** Bytes that are letters, for a terminal: what is no printable ASCII is a dot. */
export function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(
    '',
  );
}

const MAX_TEXT = 120;

/** The text in these bytes, if most of them are letters and there are not too many. */
export function textIn(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_TEXT) return undefined;
  const letters = bytes.filter((byte) => byte >= 0x20 && byte < 0x7f).length;
  return letters >= 4 && letters >= 0.8 * bytes.length ? `"${printable(bytes)}"` : undefined;
}

/** A header's version: a small number of the old days, or bits, for which hex is better. */
export function versionText(version: number): string {
  return version >= 0 && version < 256 ? String(version) : `0x${bitsHex(version >>> 0)}`;
}
