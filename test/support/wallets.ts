import type { Chain } from '../../src/chain/chain.ts';
import { payToPublicKey } from '../../src/consensus/lockingScript.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { FROM_CHAIN, Mempool } from '../../src/mempool/mempool.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { DroppedPayment } from '../../src/wallet/droppedPayments.ts';
import { Wallet } from '../../src/wallet/wallet.ts';
import type { HistoryEntry } from '../../src/wallet/walletCoin.ts';
import { chainOfBlocks, makeKeys } from './blocks.ts';
import { withChain } from './chains.ts';

/** Wallets beside a real chain and a real mempool. */

/** Somebody who is not the wallet. */
export const other = makeKeys();

/** What a wallet has told of. */
export type Told = {
  transactions: HistoryEntry[];
  dropped: { payment: DroppedPayment; wasConfirmed: boolean }[];
};
export type Setup = {
  chain: Chain;
  mempool: Mempool;
  wallet: Wallet;
  dataDir: string;
  verifyPool: VerifyPool;
  told: Told;
};

export async function openWallet(
  chain: Chain,
  mempool: Mempool,
  dataDir: string,
  told: Told = { transactions: [], dropped: [] },
): Promise<Wallet> {
  const wallet = await Wallet.open({
    dataDir,
    params: regtest,
    chain,
    isInMempool: (txid) => mempool.has(txid),
    spenderOf: (outpoint) => mempool.spenderOf(outpoint),
    clockSec: () => 1_900_000_000,
    onTransaction: (entry) => told.transactions.push(entry),
    onDropped: (payment, { wasConfirmed }) => told.dropped.push({ payment, wasConfirmed }),
  });
  mempool.onAccepted(({ transaction }, source, replaced) => {
    const isNews = source !== FROM_CHAIN;
    wallet.noteTransaction(transaction, { isNews, replaced: replaced.map(({ txid }) => txid) });
  });
  return wallet;
}

/** @param view what the wallet sees of the chain, if not all of it */
export async function withWallet(
  run: (setup: Setup) => Promise<void>,
  view: (chain: Chain) => Chain = (chain) => chain,
): Promise<void> {
  const verifyPool = await VerifyPool.open({ threads: 1 });
  try {
    await withChain(
      async (chain, dataDir) => {
        const mempool = new Mempool({ chain, verifyPool });
        const told: Told = { transactions: [], dropped: [] };
        const wallet = await openWallet(view(chain), mempool, dataDir, told);
        chain.onChange((change) => mempool.update(change));
        chain.onChange((change) => wallet.update(change));
        try {
          await run({ chain, mempool, wallet, dataDir, verifyPool, told });
        } finally {
          await wallet.close();
        }
      },
      { verifyPool },
    );
  } finally {
    await verifyPool.close();
  }
}

export async function accept(chain: Chain, ...blocks: Block[]): Promise<void> {
  for (const block of blocks) await chain.acceptBlock(block, { requested: true, source: 'test' });
}

/** One block for the wallet, then enough for its coinbase to be spendable. */
export async function fund({ chain, wallet }: Setup): Promise<Block[]> {
  const { publicKey } = await wallet.address();
  const first = chainOfBlocks(regtest.genesis, 0, 1, payToPublicKey(publicKey));
  const rest = chainOfBlocks(first[0]!, 1, 99, other.lockingScript);
  await accept(chain, ...first, ...rest);
  return [...first, ...rest];
}
