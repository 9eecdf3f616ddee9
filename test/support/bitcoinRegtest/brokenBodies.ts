import { type Block, makeBlock } from '../../../src/primitives/block.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import { FINAL, outpoint } from '../blocks.ts';
import { dataScript, dataTransaction, dataTransactions } from '../dataBlocks.ts';
import { type BitcoinChain, LOCKS, output, pay } from './bitcoinChain.ts';
import { type BrokenCase, breaks, breaksPayment, steps } from './brokenCase.ts';
import { emptyBlock } from './brokenHeaders.ts';

const FEE = 1000n;
const hex = (text: string) => Buffer.from(text, 'hex');

/** A block of so many transactions, each spending the one before. */
function blockOf(chain: BitcoinChain, transactions: number): Block {
  const sizes = new Array<number>(transactions - 1).fill(200);
  return chain.block({ transactions: dataTransactions(chain.coin('reserved').outpoint, sizes) });
}

function otherBody(what: string, bend: (transactions: readonly Transaction[]) => Transaction[]): BrokenCase {
  return steps(
    `bad-txnmrklroot: ${what}`,
    (_, honest) => [
      {
        bytes: makeBlock(honest.header, bend(honest.transactions)).bytes,
        answer: { code: 'bad-txnmrklroot' },
      },
    ],
    (chain) => blockOf(chain, 4),
  );
}

/** The body's last `repeated` transactions once more: the root stays, and so does the honest block's hash. */
function mutated(transactions: number, repeated: number): BrokenCase {
  return steps(
    `bad-txns-duplicate: the last ${repeated} of ${transactions} again (CVE-2012-2459)`,
    (_, { header, transactions: body }) => [
      {
        bytes: makeBlock(header, [...body, ...body.slice(-repeated)]).bytes,
        answer: { code: 'bad-txns-duplicate' },
      },
    ],
    (chain) => blockOf(chain, transactions),
  );
}

export const brokenBodies: readonly BrokenCase[] = [
  breaks('bad-txnmrklroot', 'a root of nothing', (chain) =>
    chain.block({ header: { merkleRoot: new Uint8Array(32) } }),
  ),
  otherBody('without the last transaction', (body) => body.slice(0, -1)),
  otherBody('one transaction twice in the middle', (body) => [...body.slice(0, 2), ...body.slice(1)]),
  otherBody('another order', ([first, ...rest]) => [first!, ...rest.reverse()]),
  otherBody('the last one twice where the tree is even', (body) => [...body, body.at(-1)!]),
  otherBody('another coinbase', ([first, ...rest]) => [makeTransaction({ ...first!, lockTime: 1 }), ...rest]),
  steps('bad-txnmrklroot: no body at all', (_, { header }) => [
    { bytes: makeBlock(header, []).bytes, answer: { noCoinbase: 'bad-txnmrklroot' } },
  ]),
  ...(
    [
      [3, 1],
      [5, 1],
      [6, 2],
      [7, 1],
      [9, 1],
      [10, 2],
      [12, 4],
      [13, 1],
    ] as const
  ).map(([n, repeated]) => mutated(n, repeated)),
  breaksPayment('bad-txns-size-64', 'not 65', sized(64), sized(65)),
  breaksPayment('bad-txns-size-64', 'not 63', sized(64), sized(63)),
  breaks('bad-txns-size-64', 'a coinbase', coinbaseOfSize(64), coinbaseOfSize(65)),
  breaks(
    'bad-blk-length',
    '1,000,001 bytes',
    (chain) => blockOfSize(chain, 1_000_001),
    (chain) => blockOfSize(chain, 1_000_000),
  ),
  steps('bad-cb-missing: a payment first', (chain) => [
    {
      bytes: chain.block({ coinbase: pay([{ funds: chain.coin() }], [output(1n)]) }).bytes,
      answer: { noCoinbase: 'bad-cb-missing' },
    },
  ]),
  steps('bad-cb-missing: nothing at all', (chain) => [
    { bytes: emptyBlock(chain).bytes, answer: { noCoinbase: 'bad-cb-missing' } },
  ]),
  breaksPayment('bad-cb-multiple', 'a second coinbase', (chain) => [
    chain.coinbase([output(0n)], { lockTime: 1 }),
  ]),
  breaksPayment('bad-cb-multiple', 'a second coinbase at the end', (chain) => [
    pay([{ funds: chain.coin() }], [output(1n)]),
    chain.coinbase([output(0n)]),
  ]),
  ...[0, 1, 101, 252, 253].map((length) =>
    breaks('bad-cb-length', `${length} bytes of script`, withScript(length), withScript(100)),
  ),
  breaks('bad-cb-height', 'one above', withHeight(1)),
  breaks('bad-cb-height', 'one below', withHeight(-1)),
  // Little-endian heights of two bytes: the same number written longer.
  ...['4c02%', '03%00', '4d0200%', '02', '00', '51', '0101'].map((script) =>
    breaks('bad-cb-height', `written ${script}`, (chain) => {
      const digits = Buffer.alloc(2);
      digits.writeUInt16LE(chain.height);
      return withCoinbaseScript(chain, hex(`${script.replace('%', digits.toString('hex'))}0000`));
    }),
  ),
  breaks('bad-cb-amount', 'one unit without fees', (chain) => chain.block({ fees: 1n })),
  breaks(
    'bad-cb-amount',
    'one unit more than the fees',
    (chain) => withFees(chain, FEE + 1n),
    (chain) => withFees(chain, FEE),
  ),
  breaks(
    'bad-cb-amount',
    'over two outputs',
    (chain) => chain.block({ coinbase: chain.coinbase([output(chain.subsidy), output(1n)]) }),
    (chain) => chain.block({ coinbase: chain.coinbase([output(chain.subsidy - 1n), output(1n)]) }),
  ),
  breaks(
    'bad-cb-witness-commitment',
    'a commitment to witnesses (BIP141)',
    (chain) => withData(chain, '6a24aa21a9ed', 32),
    (chain) => withData(chain, '6a24aa21a9ee', 32),
  ),
  breaks(
    'bad-cb-witness-commitment',
    'behind other outputs, and longer',
    (chain) => withData(chain, '6a24aa21a9ed', 40),
    (chain) => chain.block({ transactions: [paymentWithCommitment(chain)] }),
  ),
  breaks(
    'bad-blk-sigops',
    '18,001 pay-to-public-key outputs',
    (chain) => withKeyOutputs(chain, 18_001),
    (chain) => withKeyOutputs(chain, 18_000),
  ),
];

function sized(bytes: number): (chain: BitcoinChain) => Transaction[] {
  return (chain) => [
    makeTransaction({
      version: 1,
      inputs: [
        { outpoint: chain.coin('reserved').outpoint, unlockingScript: new Uint8Array(), sequence: FINAL },
      ],
      outputs: [{ amount: 0n, lockingScript: dataScript(bytes - 60) }],
      lockTime: 0,
    }),
  ];
}

/** With one output of one byte: 64 bytes are two headers' worth of hashes, which a merkle tree pairs (CVE-2017-12842). */
function coinbaseOfSize(bytes: number): (chain: BitcoinChain) => Block {
  return (chain) =>
    chain.block({
      coinbase: chain.coinbase([{ amount: 0n, lockingScript: Uint8Array.of(0x6a) }], {
        // The height takes three.
        extra: new Uint8Array(bytes - 64),
      }),
    });
}

function blockOfSize(chain: BitcoinChain, bytes: number): Block {
  const from = chain.coin('reserved').outpoint;
  const whole = new Array<number>(9).fill(99_999);
  const rest = bytes - chain.block().bytes.length - 9 * 99_999;
  return chain.block({ transactions: dataTransactions(from, [...whole, rest]) });
}

function withCoinbaseScript(chain: BitcoinChain, unlockingScript: Uint8Array): Block {
  const plain = chain.coinbase();
  return chain.block({
    coinbase: makeTransaction({ ...plain, inputs: [{ ...plain.inputs[0]!, unlockingScript }] }),
  });
}

function withScript(length: number): (chain: BitcoinChain) => Block {
  return (chain) => {
    const script = new Uint8Array(length);
    script.set(chain.coinbase().inputs[0]!.unlockingScript.subarray(0, Math.min(3, length)));
    return withCoinbaseScript(chain, script);
  };
}

function withHeight(difference: number): (chain: BitcoinChain) => Block {
  return (chain) => {
    const digits = Buffer.alloc(2);
    digits.writeUInt16LE(chain.height + difference);
    return withCoinbaseScript(chain, Uint8Array.of(2, ...digits, 0));
  };
}

function withFees(chain: BitcoinChain, fees: bigint): Block {
  const funds = chain.coin();
  return chain.block({ transactions: [pay([{ funds }], [output(funds.amount - FEE)])], fees });
}

function withData(chain: BitcoinChain, prefix: string, bytes: number): Block {
  const lockingScript = Buffer.concat([hex(prefix), new Uint8Array(bytes)]);
  return chain.block({ coinbase: chain.coinbase([output(chain.subsidy), { amount: 0n, lockingScript }]) });
}

/** Bitcoin looks for the commitment in the coinbase alone. */
function paymentWithCommitment(chain: BitcoinChain): Transaction {
  const lockingScript = Buffer.concat([hex('6a24aa21a9ed'), new Uint8Array(32)]);
  return pay([{ funds: chain.coin() }], [output(5n), { amount: 0n, lockingScript }]);
}

/** Chained transactions of 2,000 outputs to keys each; the coinbase has the last one. */
function withKeyOutputs(chain: BitcoinChain, count: number): Block {
  const transactions: Transaction[] = [];
  let from = chain.coin('reserved').outpoint;
  for (let left = count - 1; left > 0; ) {
    const share = Math.min(left, 2000);
    const transaction = makeTransaction({
      version: 1,
      inputs: [{ outpoint: from, unlockingScript: new Uint8Array(), sequence: FINAL }],
      outputs: [
        { amount: 0n, lockingScript: LOCKS.reserved },
        ...Array.from({ length: share }, () => ({ amount: 0n, lockingScript: LOCKS.short })),
      ],
      lockTime: 0,
    });
    transactions.push(transaction);
    from = outpoint(transaction);
    left -= share;
  }
  return chain.block({ transactions });
}

/** For the sizes of transactions: see brokenTransactions. */
export function ofSize(bytes: number): (chain: BitcoinChain) => Transaction[] {
  return (chain) => [dataTransaction(chain.coin('reserved').outpoint, bytes)];
}
