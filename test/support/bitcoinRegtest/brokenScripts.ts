import { highS, MAX_SIGNATURE_SCRIPT, withInteger } from './bentSignatures.ts';
import { type BitcoinChain, type LOCKS, output, pay } from './bitcoinChain.ts';
import { type BrokenCase, breaks, breaksPayment } from './brokenCase.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const X = '11'.repeat(32);

/** Locking scripts that make a transaction invalid, each beside the nearest that does not. */
const LOCKING: readonly (readonly [bad: string, good?: string])[] = [
  ['', '6a'],
  ['51', '6a51'],
  ['ac'],
  ['52'],
  [`2105${X}ac`, `2102${X}ac`],
  [`2104${X}ac`, `2103${X}ac`],
  [`2102${X}`],
  [`2102${X}ad`],
  [`2102${X}acac`],
  [`2002${X.slice(2)}ac`],
  [`4c2102${X}ac`],
  [`4106${X}${X}ac`, `4104${X}${X}ac`],
  [`4107${X}${X}ac`],
  [`4102${X}${X}ac`],
  [`4004${X}${X.slice(2)}ac`],
  [`76a914${'11'.repeat(20)}88ac`],
  [`a914${'11'.repeat(20)}87`],
  [`0014${'11'.repeat(20)}`],
  [`0020${X}`],
  [`5120${X}`],
  ['51024e73'],
  [`5121${'02'}${X}51ae`],
  ['5201ff', '5202ffff'],
  [`5229${'ff'.repeat(41)}`, `5228${'ff'.repeat(40)}`],
  ['5203ffff'],
  ['5202ffff00'],
  ['524c02ffff'],
  ['52020000', '52020001'],
  // Zero and minus zero are false to Bitcoin, wherever the rest is zero.
  ['52020080', '52028000'],
  [`6028${'00'.repeat(39)}80`, `6028${'00'.repeat(39)}81`],
  ['6102ffff', '6002ffff'],
  ['4f02ffff'],
  ['5002ffff'],
  ['6a61', '6a60'],
  ['6aac', '6a4f'],
  ['6aff', '6a50'],
  ['6a01', '6a0100'],
  ['6a4b', `6a4b${'00'.repeat(75)}`],
  ['6a4c', '6a4c00'],
  ['6a4c01', '6a4c01ff'],
  ['6a4d01', '6a4d0000'],
  ['6a4d0100', '6a4d0100ff'],
  ['6a4e000000', '6a4e00000000'],
  ['6a4effffffff', '6a4e01000000ff'],
  [`6a${'00'.repeat(83)}`, `6a${'00'.repeat(82)}`],
  [`6a4c51${'ff'.repeat(81)}`, `6a4c50${'ff'.repeat(80)}`],
];

const lockingScripts: readonly BrokenCase[] = LOCKING.map(([bad, good]) =>
  breaksPayment(
    'bad-txns-locking-script',
    bad === '' ? 'empty' : bad,
    toScript(bad),
    good === undefined ? undefined : toScript(good),
  ),
);

const coinbaseScripts: readonly BrokenCase[] = LOCKING.slice(0, 4).map(([bad, good]) => {
  const block = (script: string) => (chain: BitcoinChain) =>
    chain.block({ coinbase: chain.coinbase([{ amount: 1n, lockingScript: hex(script) }]) });
  return breaks(
    'bad-txns-locking-script',
    `${bad} in a coinbase`,
    block(bad),
    good ? block(good) : undefined,
  );
});

function toScript(script: string) {
  return (chain: BitcoinChain) => [
    pay([{ funds: chain.coin() }], [output(1n), { amount: 1n, lockingScript: hex(script) }]),
  ];
}

/** Of a DER signature the unlocking script that is not the one form that there is. */
const UNLOCKING: readonly (readonly [what: string, unlock: (der: Uint8Array) => Iterable<number>])[] = [
  ['empty', () => []],
  ['a push of nothing', () => [0]],
  ['OP_1', () => [0x51]],
  ['no hash type', (der) => [der.length, ...der]],
  ...[0, 2, 3, 0x41, 0x81, 0x82, 0xff].map(
    (type) => [`hash type ${type}`, (der: Uint8Array) => [der.length + 1, ...der, type]] as const,
  ),
  ['OP_PUSHDATA1', (der) => [0x4c, der.length + 1, ...der, 1]],
  ['a byte behind', (der) => [der.length + 1, ...der, 1, 0]],
  ['a push before', (der) => [0, der.length + 1, ...der, 1]],
  ['cut off', (der) => [der.length + 1, ...der]],
  ['a byte inside', (der) => [der.length + 2, ...der, 0, 1]],
  [
    'the wrong length of the sequence',
    (der) => [der.length + 1, 0x30, der.length - 1, ...der.subarray(2), 1],
  ],
  ['no sequence', (der) => [der.length + 1, 0x31, ...der.subarray(1), 1]],
  ['a length in two bytes', (der) => [der.length + 2, 0x30, 0x81, ...der.subarray(1), 1]],
  ['a needless zero before R', (der) => withInteger(der, 'r', (digits) => [0, 0, ...digits])],
  ['a negative R', (der) => withInteger(der, 'r', () => [0x80, 1])],
  ['no R', (der) => withInteger(der, 'r', () => [])],
  ['R of zero', (der) => withInteger(der, 'r', () => [0])],
  ['S of zero', (der) => withInteger(der, 's', () => [0])],
  ['R of 34 bytes', (der) => withInteger(der, 'r', () => [1, ...new Uint8Array(33)])],
  ['R of the order', (der) => withInteger(der, 'r', () => [0, ...hex(ORDER)])],
  ['high S (BIP146)', highS],
  ['7 bytes of DER', () => [8, 0x30, 5, 2, 1, 1, 2, 0, 1]],
  ['74 bytes', () => MAX_SIGNATURE_SCRIPT],
];

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';

const unlockingScripts: readonly BrokenCase[] = [
  ...UNLOCKING.map(([what, unlock]) => withUnlocking('bad-txns-unlocking-script', what, 'short', unlock)),
  ...UNLOCKING.slice(1, 4).map(([what, unlock]) =>
    withUnlocking('bad-txns-unlocking-script', `${what}, for a reserved lock`, 'reserved', unlock),
  ),
  withUnlocking('bad-txns-unlocking-script', 'a signature for a reserved lock', 'reserved', (der) => [
    der.length + 1,
    ...der,
    1,
  ]),
  withUnlocking('bad-txns-unlocking-script', 'nothing for a long key', 'long', () => []),
  withUnlocking('bad-signature', 'the smallest of all', 'short', () => [9, 0x30, 6, 2, 1, 1, 2, 1, 1, 1]),
  withUnlocking('bad-signature', 'R one below the order', 'short', (der) =>
    withInteger(der, 'r', () => [0, ...hex(ORDER.replace(/41$/, '40'))]),
  ),
];

function withUnlocking(
  code: string,
  what: string,
  lock: keyof typeof LOCKS,
  unlock: (der: Uint8Array) => Iterable<number>,
): BrokenCase {
  return breaksPayment(
    code,
    what,
    (chain) => [
      pay([{ funds: chain.coin(lock), unlock: (der) => Uint8Array.from(unlock(der)) }], [output(1n)]),
    ],
    (chain) => [pay([{ funds: chain.coin(lock) }], [output(1n)])],
  );
}

export const brokenScripts: readonly BrokenCase[] = [
  ...lockingScripts,
  ...coinbaseScripts,
  ...unlockingScripts,
];
