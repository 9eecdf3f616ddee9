import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import {
  type BitcoinChain,
  type Funds,
  OTHER_PRIVATE_KEY,
  output,
  type PaymentChanges,
  pay,
} from './bitcoinChain.ts';
import { ofSize } from './brokenBodies.ts';
import { type BrokenCase, breaks, breaksPayment } from './brokenCase.ts';
import { ageUnits, GENESIS_FUNDS } from './trunk.ts';

const MAX_MONEY = 2_100_000_000_000_000n;
type Payments = (chain: BitcoinChain) => Transaction[];

/** A payment of one coin, bent after it was signed or before. */
function bent(changes: PaymentChanges, sequence?: number): Payments {
  return (chain) => [
    pay([{ funds: chain.coin(), ...(sequence !== undefined && { sequence }) }], [output(5n)], changes),
  ];
}

function paying(...amounts: bigint[]): Payments {
  return (chain) => [
    pay(
      [{ funds: chain.coin() }],
      amounts.map((amount) => output(amount)),
    ),
  ];
}

function spending(of: (chain: BitcoinChain) => Funds): Payments {
  return (chain) => [pay([{ funds: of(chain) }], [output(1n)])];
}

const alone: readonly BrokenCase[] = [
  breaksPayment('bad-txns-vin-empty', 'no inputs', () => [
    makeTransaction({ version: 1, inputs: [], outputs: [output(0n), output(0n)], lockTime: 0 }),
  ]),
  breaksPayment('bad-txns-vout-empty', 'no outputs', (chain) => [pay([{ funds: chain.coin() }], [])]),
  breaks('bad-txns-vout-empty', 'a coinbase without outputs', (chain) =>
    chain.block({ coinbase: chain.coinbase([]) }),
  ),
  breaksPayment('bad-txns-oversize', '100,001 bytes', ofSize(100_001), ofSize(100_000)),
  ...[MAX_MONEY + 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 53n) + 1n].map((amount) =>
    breaksPayment('bad-txns-vout-toolarge', `${amount}`, paying(amount)),
  ),
  breaksPayment('bad-txns-in-belowout', 'all the money there can be', paying(MAX_MONEY)),
  breaksPayment('bad-txns-txouttotal-toolarge', 'twice all the money', paying(MAX_MONEY, MAX_MONEY)),
  breaksPayment('bad-txns-txouttotal-toolarge', 'one unit too much', paying(MAX_MONEY, 1n)),
  breaksPayment(
    'bad-txns-txouttotal-toolarge',
    'a sum beyond 64 bits (CVE-2010-5139)',
    paying(...new Array<bigint>(2_200).fill(MAX_MONEY)),
  ),
  breaks('bad-txns-txouttotal-toolarge', 'in a coinbase', (chain) =>
    chain.block({ coinbase: chain.coinbase([output(MAX_MONEY), output(1n)]) }),
  ),
  breaksPayment('bad-txns-inputs-duplicate', 'a coin twice (CVE-2018-17144)', (chain) => [
    pay([{ funds: chain.coin() }, { funds: chain.coin() }], [output(1n)]),
  ]),
  breaksPayment('bad-txns-inputs-duplicate', 'the first and the last', (chain) => [
    pay(
      [chain.coin(), chain.coin('short', 1), chain.coin()].map((funds) => ({ funds })),
      [output(1n)],
    ),
  ]),
  breaksPayment('bad-txns-prevout-null', 'beside a coin', (chain) => [
    pay(
      [
        { funds: chain.coin() },
        { funds: { ...chain.coin(), outpoint: { txHash: new Uint8Array(32), index: 0xffffffff } } },
      ],
      [output(1n)],
    ),
  ]),
];

const coins: readonly BrokenCase[] = [
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'a hash that nobody knows',
    spending((chain) => ({ ...chain.coin(), outpoint: { txHash: new Uint8Array(32).fill(7), index: 0 } })),
  ),
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'a hash of zeros',
    spending((chain) => ({ ...chain.coin(), outpoint: { txHash: new Uint8Array(32), index: 0 } })),
  ),
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'an output beyond the last',
    spending((chain) => ({ ...chain.coin(), outpoint: { ...chain.coin().outpoint, index: 400 } })),
  ),
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'the last output there could be',
    spending((chain) => ({ ...chain.coin(), outpoint: { ...chain.coin().outpoint, index: 0xffffffff } })),
  ),
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'the genesis block’s output',
    spending(() => GENESIS_FUNDS),
  ),
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'a coin spent long ago',
    spending((chain) => chain.coinbaseOf(1)),
  ),
  breaksPayment('bad-txns-inputs-missingorspent', 'a coin twice in one block', (chain) => [
    ...spending((it) => it.coin())(chain),
    pay([{ funds: chain.coin() }], [output(2n)]),
  ]),
  breaksPayment('bad-txns-inputs-missingorspent', 'the same transaction twice', (chain) => {
    const payment = pay([{ funds: chain.coin() }], [output(1n)]);
    return [payment, pay([{ funds: chain.coin('short', 1) }], [output(1n)]), payment];
  }),
  breaksPayment(
    'bad-txns-inputs-missingorspent',
    'an output made later in the block',
    (chain) => chained(chain).reverse(),
    chained,
  ),
  breaksPayment('bad-txns-inputs-missingorspent', 'a data output of the same block', (chain) => {
    const data = pay([{ funds: chain.coin() }], [{ amount: 1n, lockingScript: Uint8Array.of(0x6a) }]);
    const outpoint = { txHash: data.hash, index: 0 };
    return [data, pay([{ funds: { ...chain.coin(), outpoint, lock: 'reserved' } }], [output(1n)])];
  }),
  breaksPayment(
    'bad-txns-premature-spend-of-coinbase',
    'after 99 blocks',
    spending((chain) => chain.coinbaseOf(chain.height - 99)),
    spending((chain) => chain.coinbaseOf(chain.height - 100)),
  ),
  breaks('bad-txns-premature-spend-of-coinbase', 'in its own block', (chain) => {
    const coinbase = chain.coinbase();
    return chain.block({ coinbase, transactions: [pay([{ funds: chain.funds(coinbase) }], [output(1n)])] });
  }),
  breaksPayment(
    'bad-txns-in-belowout',
    'one unit',
    (chain) => paying(chain.coin().amount + 1n)(chain),
    (chain) => paying(chain.coin().amount)(chain),
  ),
  breaksPayment('bad-txns-in-belowout', 'over two outputs', (chain) =>
    paying(chain.coin().amount, 1n)(chain),
  ),
];

function chained(chain: BitcoinChain): Transaction[] {
  const first = pay([{ funds: chain.coin() }], [output(9n)]);
  return [first, pay([{ funds: chain.funds(first) }], [output(8n)])];
}

const FINAL_BUT_ONE = 0xfffffffe;

const locks: readonly BrokenCase[] = [
  breaksPayment(
    'bad-txns-nonfinal',
    'the block’s own height',
    (chain) => bent({ lockTime: chain.height }, FINAL_BUT_ONE)(chain),
    (chain) => bent({ lockTime: chain.height - 1 }, FINAL_BUT_ONE)(chain),
  ),
  breaksPayment(
    'bad-txns-nonfinal',
    'the median time itself',
    (chain) => bent({ lockTime: chain.medianTimeAt() }, FINAL_BUT_ONE)(chain),
    (chain) => bent({ lockTime: chain.medianTimeAt() - 1 }, FINAL_BUT_ONE)(chain),
  ),
  breaksPayment(
    'bad-txns-nonfinal',
    'the last height',
    bent({ lockTime: 499_999_999 }, 0),
    bent({ lockTime: 500_000_000 }, 0),
  ),
  breaksPayment(
    'bad-txns-nonfinal',
    'the end of time',
    bent({ lockTime: 0xffffffff }, 0),
    bent({ lockTime: 0xffffffff }),
  ),
  breaks('bad-txns-nonfinal', 'a coinbase', lockedCoinbase(0), lockedCoinbase(-1)),
  ...[2, 3, -1, 0x7fffffff].map((version) =>
    breaksPayment(
      'non-BIP68-final',
      `a height, version ${version}`,
      (chain) => bent({ version }, chain.height - chain.coin().height + 1)(chain),
      (chain) => bent({ version }, chain.height - chain.coin().height)(chain),
    ),
  ),
  breaksPayment(
    'non-BIP68-final',
    'a time',
    (chain) => bent({ version: 2 }, 0x400000 | (ageUnits(chain, chain.coin()) + 1))(chain),
    (chain) => bent({ version: 2 }, 0x400000 | ageUnits(chain, chain.coin()))(chain),
  ),
  breaksPayment(
    'non-BIP68-final',
    'not so in version 1',
    bent({ version: 2 }, 0xffff),
    bent({ version: 1 }, 0xffff),
  ),
  breaksPayment(
    'non-BIP68-final',
    'not so with bit 31',
    bent({ version: 2 }, 0xffff),
    bent({ version: 2 }, 0x8000ffff),
  ),
  breaksPayment(
    'non-BIP68-final',
    'bits without a meaning',
    bent({ version: 2 }, 0x7fbfffff),
    bent({ version: 2 }, 0x7fbf0000),
  ),
  breaksPayment(
    'non-BIP68-final',
    'one block, in the coin’s own block',
    (chain) => chainedAfter(chain, 1),
    (chain) => chainedAfter(chain, 0),
  ),
  breaksPayment(
    'non-BIP68-final',
    '512 seconds, in the coin’s own block',
    (chain) => chainedAfter(chain, 0x400001),
    (chain) => chainedAfter(chain, 0x400000),
  ),
];

function lockedCoinbase(difference: number): (chain: BitcoinChain) => ReturnType<BitcoinChain['block']> {
  return (chain) => {
    const plain = chain.coinbase();
    const inputs = [{ ...plain.inputs[0]!, sequence: 0 }];
    return chain.block({
      coinbase: makeTransaction({ ...plain, inputs, lockTime: chain.height + difference }),
    });
  };
}

function chainedAfter(chain: BitcoinChain, sequence: number): Transaction[] {
  const first = pay([{ funds: chain.coin() }], [output(9n)]);
  return [first, pay([{ funds: chain.funds(first), sequence }], [output(8n)], { version: 2 })];
}

const signatures: readonly BrokenCase[] = [
  breaksPayment('bad-signature', 'by another key', (chain) => [
    pay([{ funds: chain.coin(), privateKey: OTHER_PRIVATE_KEY }], [output(1n)]),
  ]),
  breaksPayment('bad-signature', 'by another key, for a long one', (chain) => [
    pay([{ funds: chain.coin('long'), privateKey: OTHER_PRIVATE_KEY }], [output(1n)]),
  ]),
  breaksPayment(
    'bad-signature',
    'for a key that is not on the curve',
    spending((chain) => chain.coin('offCurve')),
  ),
  breaksPayment('bad-signature', 'for the other form of the key', (chain) => [
    pay([{ funds: { ...chain.coin('long'), lock: 'short' } }], [output(1n)]),
  ]),
  ...(
    [
      [
        'an amount',
        (it) => ({ ...it, outputs: it.outputs.map((one) => ({ ...one, amount: one.amount - 1n })) }),
      ],
      ['an output', (it) => ({ ...it, outputs: [...it.outputs, output(0n)] })],
      ['a locking script', (it) => ({ ...it, outputs: [output(it.outputs[0]!.amount, 'long')] })],
      ['a sequence', (it) => ({ ...it, inputs: it.inputs.map((one) => ({ ...one, sequence: 0 })) })],
      ['the version', (it) => ({ ...it, version: 7 })],
      ['the lock time', (it) => ({ ...it, lockTime: 1 })],
    ] satisfies [string, PaymentChanges['tamper'] & {}][]
  ).map(([what, tamper]) =>
    breaksPayment('bad-signature', `${what} changed afterwards`, bent({ tamper }), bent({})),
  ),
  breaksPayment('bad-signature', 'of each other’s inputs', (chain) => [
    pay([{ funds: chain.coin() }, { funds: chain.coin('short', 1) }], [output(1n)], {
      tamper: (it) => {
        const [a, b] = it.inputs;
        return {
          ...it,
          inputs: [
            { ...a!, unlockingScript: b!.unlockingScript },
            { ...b!, unlockingScript: a!.unlockingScript },
          ],
        };
      },
    }),
  ]),
  breaksPayment('bad-signature', 'one among two hundred', (chain) =>
    Array.from({ length: 200 }, (_, n) =>
      pay(
        [{ funds: chain.coin('short', n), ...(n === 150 && { privateKey: OTHER_PRIVATE_KEY }) }],
        [output(1n)],
      ),
    ),
  ),
];

export const brokenTransactions: readonly BrokenCase[] = [...alone, ...coins, ...locks, ...signatures];
