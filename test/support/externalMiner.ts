import { createHash } from 'node:crypto';

/**
 * A miner as it is written from the specifications (BIP22, BIP23), with nothing of this program: it hashes with node:crypto,
 * and slowly, but hashes the same.
 */

/** What getblocktemplate answers, as far as a miner uses it. */
export type WireTemplate = Readonly<{
  version: number;
  previousblockhash: string;
  transactions: readonly Readonly<{
    data: string;
    txid: string;
    hash: string;
    depends: readonly number[];
    fee: number;
    sigops: number;
    weight: number;
  }>[];
  coinbasevalue: number;
  coinbasetxn: Readonly<{ data: string; txid: string; fee: number; required: boolean }>;
  longpollid: string;
  target: string;
  mintime: number;
  mutable: readonly string[];
  noncerange: string;
  sigoplimit: number;
  sizelimit: number;
  curtime: number;
  bits: string;
  height: number;
  rules: readonly string[];
  vbavailable: Readonly<Record<string, number>>;
  vbrequired: number;
  capabilities: readonly string[];
  coinbaseaux: Readonly<Record<string, string>>;
}>;

export function sha256d(bytes: Uint8Array): Buffer {
  const once = createHash('sha256').update(bytes).digest();
  return createHash('sha256').update(once).digest();
}

/** Hex as people read a hash, to the bytes that are hashed. */
export function reversed(hex: string): Buffer {
  return Buffer.from(hex, 'hex').reverse();
}

export function merkleRootOf(hashes: readonly Buffer[]): Buffer {
  let level = hashes;
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      above.push(sha256d(Buffer.concat([level[i]!, level[i + 1] ?? level[i]!])));
    }
    level = above;
  }
  return level[0]!;
}

export function numberOf(hash: Buffer): bigint {
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`);
}

/** Tries every nonce. Returns the header. @throws Error when none will do */
export function solveHeader(header: Buffer, target: bigint): Buffer {
  for (let nonce = 0; nonce < 0x1_0000_0000; nonce++) {
    header.writeUInt32LE(nonce, 76);
    if (numberOf(sha256d(header)) < target) return header;
  }
  throw new Error('no nonce will do');
}

export function headerOf(template: WireTemplate, coinbase: Buffer, timeSec = template.curtime): Buffer {
  const header = Buffer.alloc(80);
  header.writeInt32LE(template.version, 0);
  reversed(template.previousblockhash).copy(header, 4);
  merkleRootOf([sha256d(coinbase), ...template.transactions.map(({ txid }) => reversed(txid))]).copy(
    header,
    36,
  );
  header.writeUInt32LE(timeSec, 68);
  reversed(template.bits).copy(header, 72);
  return header;
}

/** The block's hex. With `coinbase` it is that instead of the template's. */
export function blockOf(
  template: WireTemplate,
  options: { coinbase?: Buffer; timeSec?: number; isSolved?: boolean } = {},
): string {
  const coinbase = options.coinbase ?? Buffer.from(template.coinbasetxn.data, 'hex');
  const header = headerOf(template, coinbase, options.timeSec);
  if (options.isSolved !== false) solveHeader(header, BigInt(`0x${template.target}`) + 1n);
  const bodies = [coinbase, ...template.transactions.map(({ data }) => Buffer.from(data, 'hex'))];
  return Buffer.concat([header, compactSize(bodies.length), ...bodies]).toString('hex');
}

/** Writes bytes at the end of the coinbase's script, where BIP23 lets a miner ("coinbase/append"). */
export function appendToCoinbase(hex: string, bytes: Uint8Array): Buffer {
  const coinbase = Buffer.from(hex, 'hex');
  const length = coinbase[41]!;
  return Buffer.concat([
    coinbase.subarray(0, 41),
    Buffer.of(length + bytes.length),
    coinbase.subarray(42, 42 + length),
    bytes,
    coinbase.subarray(42 + length),
  ]);
}

function compactSize(count: number): Buffer {
  if (count < 0xfd) return Buffer.of(count);
  const bytes = Buffer.of(0xfd, 0, 0);
  bytes.writeUInt16LE(count, 1);
  return bytes;
}
