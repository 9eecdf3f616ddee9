import type { Transaction } from '../../../src/primitives/transaction.ts';
import { dataScript } from '../dataBlocks.ts';
import { BitcoinChain, bitcoinRegtest, type Funds, output, POOL_AMOUNT, pay } from './bitcoinChain.ts';

const BLOCKS = 2200;
const PAYMENTS = 420;
const FIRST_PAYMENT = 130;
const FEE = 1000n;

/** A few thousand blocks, several hundred payments of every kind that there is, and a pool of coins for what follows. */
export function growTrunk(): BitcoinChain {
  const chain = new BitcoinChain();
  while (chain.height < 110) chain.add(chain.block());
  // One coinbase for each kind of coin of the pool.
  const pools = (['short', 'long', 'reserved', 'offCurve', 'short'] as const).map((lock, i) =>
    pay(
      [{ funds: chain.coinbaseOf(i + 1) }],
      Array.from({ length: 400 }, () => output(POOL_AMOUNT, lock)),
    ),
  );
  for (const pool of pools) chain.add(chain.block({ transactions: [pool] }));
  while (chain.height < FIRST_PAYMENT) chain.add(chain.block());
  let purse = chain.coin();
  for (let n = 0; n < PAYMENTS; n++) {
    const payments = KINDS[n % KINDS.length]!(chain, purse);
    // The last one leaves the purse in its first output, for the next block.
    purse = chain.funds(payments.at(-1)!);
    const fees = FEE * BigInt(payments.length);
    chain.add(chain.block({ transactions: payments, fees }));
  }
  while (chain.height <= BLOCKS) chain.add(chain.block());
  return chain;
}

type Kind = (chain: BitcoinChain, purse: Funds) => Transaction[];

const KINDS: readonly Kind[] = [
  (_, purse) => [
    pay(
      [{ funds: purse }],
      [output(purse.amount - FEE, 'long'), { amount: 0n, lockingScript: dataScript(83) }],
    ),
  ],
  (_, purse) => [pay([{ funds: purse }], [output(purse.amount - FEE)])],
  // Chained in one block, through a reserved lock that an empty script opens.
  (chain, purse) => {
    const first = pay([{ funds: purse }], [output(purse.amount - FEE, 'reserved')]);
    const second = pay([{ funds: chain.funds(first) }], [output(purse.amount - 2n * FEE)]);
    return [first, second];
  },
  // BIP68 by height: as old as it must be and no older.
  (chain, purse) => [
    pay([{ funds: purse, sequence: chain.height - purse.height }], [output(purse.amount - FEE)], {
      version: 2,
    }),
  ],
  // BIP68 by time, with the sign bit of the version set, which Bitcoin reads as unsigned.
  (chain, purse) => [
    pay([{ funds: purse, sequence: 0x400000 | ageUnits(chain, purse) }], [output(purse.amount - FEE)], {
      version: -1,
    }),
  ],
  (chain, purse) => [
    pay([{ funds: purse, sequence: 0 }], [output(purse.amount - FEE)], { lockTime: chain.height - 1 }),
  ],
  (chain, purse) => [
    pay([{ funds: purse, sequence: 0xfffffffe }], [output(purse.amount - FEE)], {
      lockTime: chain.medianTimeAt() - 1,
    }),
  ],
  // Two inputs of different kinds; relative locks switched off by bit 31.
  (chain, purse) => [
    pay(
      [{ funds: purse, sequence: 0x8000ffff }, { funds: chain.coin('long') }],
      [output(purse.amount - FEE)],
      {
        version: 2,
      },
    ),
  ],
];

/** How old a coin is in BIP68's units of 512 seconds, for the block to come. */
export function ageUnits(chain: BitcoinChain, { height }: Funds): number {
  return Math.floor((chain.medianTimeAt() - chain.medianTimeAt(Math.max(0, height - 1))) / 512);
}

/** The genesis block's coinbase output, which is no coin. */
export const GENESIS_FUNDS: Funds = {
  outpoint: { txHash: bitcoinRegtest.genesis.transactions[0]!.hash, index: 0 },
  amount: 50n * 100_000_000n,
  lock: 'short',
  height: 0,
  isCoinbase: true,
};
