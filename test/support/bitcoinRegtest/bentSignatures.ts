const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** 74 bytes behind their length: R and S as long as no valid ones are, and SIGHASH_ALL. */
export const MAX_SIGNATURE_SCRIPT: readonly number[] = [
  ...[0x4a, 0x30, 0x47, 0x02, 0x21, 0, 0xff],
  ...new Array<number>(31).fill(1),
  ...[0x02, 0x22, 0, 0x01],
  ...new Array<number>(32).fill(1),
  1,
];

/** The unlocking script of the signature with R or S put in another way, all lengths right. */
export function withInteger(
  der: Uint8Array,
  which: 'r' | 's',
  bend: (digits: readonly number[]) => readonly number[],
): number[] {
  const rEnd = 4 + der[3]!;
  const r = [...der.subarray(4, rEnd)];
  const s = [...der.subarray(rEnd + 2)];
  const [bentR, bentS] = which === 'r' ? [bend(r), s] : [r, bend(s)];
  const body = [2, bentR.length, ...bentR, 2, bentS.length, ...bentS];
  return [body.length + 3, 0x30, body.length, ...body, 1];
}

/** The other S that verifies as well: anyone could make it of the first. */
export function highS(der: Uint8Array): number[] {
  return withInteger(der, 's', (digits) => {
    const s = BigInt(`0x${Buffer.from(digits).toString('hex')}`);
    const other = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex');
    return [0, ...other];
  });
}
