import { hashToNumber } from '../../../src/bytes/hex.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { encodeBlock, makeBlock } from '../../../src/primitives/block.ts';
import { encodeHeader, type HeaderFields, makeHeader } from '../../../src/primitives/header.ts';
import { bitsToTarget } from '../../../src/primitives/target.ts';
import { REGTEST_BITS, solve } from '../blocks.ts';
import { type BitcoinChain, output } from './bitcoinChain.ts';
import { type BrokenCase, breaks, type Step, steps } from './brokenCase.ts';

const HOUR = 3600;

export const brokenHeaders: readonly BrokenCase[] = [
  breaks('high-hash', 'a hash above the target', (chain) => {
    const { header, transactions } = chain.block();
    for (let nonce = header.nonce; ; nonce++) {
      const next = makeHeader({ ...header, nonce });
      if (hashToNumber(next.hash) >= bitsToTarget(REGTEST_BITS)!) return makeBlock(next, transactions);
    }
  }),
  // Targets that nobody could miss, none at all, below zero, and beyond 256 bits.
  ...[0x20800000, 0x2100ffff, 0x20ffffff, 0, 0x01003456, 0x217fffff, 0xff7fffff, 0x04800001].map((bits) =>
    breaks('high-hash', `bits ${bits.toString(16)}`, (chain) => unsolved(chain, { bits })),
  ),
  ...[0x207ffffe, 0x1f7fffff, 0x2007ffff].map((bits) =>
    breaks('bad-diffbits', `bits ${bits.toString(16)}, and the work for them`, (chain) =>
      chain.block({ header: { bits } }),
    ),
  ),
  ...[3, 2, 1, 0, -1, -0x80000000, 0x90000000 | 0].map((version) =>
    breaks(
      'bad-version',
      `${version}`,
      (chain) => chain.block({ header: { version } }),
      (chain) => chain.block({ header: { version: version === 3 ? 4 : 0x7fffffff } }),
    ),
  ),
  ...[0, 1, HOUR, 365 * 24 * HOUR].map((back) =>
    breaks(
      'time-too-old',
      `${back} s before the median`,
      (chain) => chain.block({ header: { timeSec: Math.max(0, chain.medianTimeAt() - back) } }),
      (chain) => chain.block({ header: { timeSec: chain.medianTimeAt() + 1 } }),
    ),
  ),
  ...[3 * HOUR, 1000 * HOUR].map((ahead) =>
    breaks('time-too-new', `${ahead} s ahead`, (chain) =>
      chain.block({ header: { timeSec: Math.floor(Date.now() / 1000) + ahead } }),
    ),
  ),
  breaks('time-too-new', 'the end of time', (chain) => chain.block({ header: { timeSec: 0xffffffff } })),
  steps('a parent that nobody knows', (chain) => [
    step(chain.block({ header: { previousHash: new Uint8Array(32).fill(9) } }), {
      aside: 'prev-blk-not-found',
    }),
  ]),
  steps('a parent of all zeros', (chain) => [
    step(chain.block({ header: { previousHash: new Uint8Array(32) } }), { aside: 'prev-blk-not-found' }),
  ]),
  steps('an invalid block again, and a child of it', (chain) => {
    const greedy = chain.block({ fees: 1n });
    const child = chain.block({ parent: greedy, height: chain.height + 1 });
    return [
      step(greedy, { code: 'bad-cb-amount' }),
      step(greedy, { code: 'duplicate-invalid' }),
      step(child, { code: 'bad-prevblk' }),
    ];
  }),
  steps('blocks that are known', (chain) => [
    step(chain.tip, { aside: 'duplicate' }),
    step(chain.blocks[700]!, { aside: 'duplicate' }),
  ]),
  steps('a rival of the tip', (chain) => [step(rivalOf(chain), { aside: 'inconclusive' })]),
];

/** A second block of the tip's height, which came later. */
function rivalOf(chain: BitcoinChain): Block {
  const parent = chain.blocks.at(-2)!;
  const height = chain.height - 1;
  return chain.block({ parent, height, header: { timeSec: parent.header.timeSec + 700 } });
}

function unsolved(chain: BitcoinChain, changes: Partial<HeaderFields>): Block {
  const { header, transactions } = chain.block();
  return makeBlock(makeHeader({ ...header, ...changes }), transactions);
}

function step(block: Block, answer: Step['answer']): Step {
  return { bytes: block.bytes, answer };
}

/** Bytes that are no block, or not only a block. The honest block shares their header and must be taken afterwards. */
export const undecodable: readonly BrokenCase[] = (
  [
    ['one byte left over', ({ bytes }) => [...bytes, 0]],
    ['a whole block left over', ({ bytes }) => [...bytes, ...bytes]],
    ['the last byte missing', ({ bytes }) => bytes.subarray(0, -1)],
    ['a header alone', ({ bytes }) => bytes.subarray(0, 80)],
    ['a header that ends early', ({ bytes }) => bytes.subarray(0, 79)],
    ['a count in three bytes', ({ bytes }) => splice(bytes, 80, 1, [0xfd, 1, 0])],
    ['a count in five bytes', ({ bytes }) => splice(bytes, 80, 1, [0xfe, 1, 0, 0, 0])],
    ['a count in nine bytes', ({ bytes }) => splice(bytes, 80, 1, [0xff, 1, 0, 0, 0, 0, 0, 0, 0])],
    ['a count beyond the bytes', ({ bytes }) => splice(bytes, 80, 1, [0xfd, 0xff, 0xff])],
    ['a count beyond any number', ({ bytes }) => splice(bytes, 80, 1, new Array(9).fill(0xff))],
    ['an input count in three bytes', ({ bytes }) => splice(bytes, 85, 1, [0xfd, 1, 0])],
    ['an input count beyond the bytes', ({ bytes }) => splice(bytes, 85, 1, [0xfe, 0, 0, 0, 0xff])],
    // Header 80, count 1, version 4, count 1, outpoint 36: then the length of the coinbase's script.
    ['a script length in three bytes', ({ bytes }) => splice(bytes, 122, 1, [0xfd, bytes[122]!, 0])],
    [
      'a script length beyond the bytes',
      ({ bytes }) => splice(bytes, 122, 1, [0xfe, 0xff, 0xff, 0xff, 0x7f]),
    ],
    ['no inputs, and a flag, as Bitcoin marks witnesses', ({ bytes }) => splice(bytes, 85, 0, [0, 1])],
    ['two transactions where one is counted', withSecond],
  ] satisfies [string, (honest: Block) => Iterable<number>][]
).map(([what, make]) =>
  steps(`undecodable: ${what}`, (_, honest) => [
    { bytes: Uint8Array.from(make(honest)), answer: { undecodable: true } },
  ]),
);

function splice(bytes: Uint8Array, at: number, removed: number, put: readonly number[]): number[] {
  return [...bytes.subarray(0, at), ...put, ...bytes.subarray(at + removed)];
}

function withSecond({ header, transactions }: Block): Uint8Array {
  const bytes = encodeBlock(header.bytes, [...transactions, ...transactions]);
  bytes[80] = 1;
  return bytes;
}

/** A block of no transactions at all, whose root is as it should be for that. */
export function emptyBlock(chain: BitcoinChain): Block {
  const { header } = chain.block({ coinbase: chain.coinbase([output(0n)]) });
  const empty = solve({ ...header, merkleRoot: new Uint8Array(32) });
  return { header: empty, transactions: [], bytes: Uint8Array.of(...encodeHeader(empty), 0) };
}
