import { inSlices } from '../bytes/breathe.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { checkBlockContext, checkingBody } from '../consensus/checkBlock.ts';
import { checkHeader } from '../consensus/checkHeader.ts';
import type { Coin, CoinSet } from '../consensus/coin.ts';
import {
  beginConnecting,
  connectTransactions,
  finishConnecting,
  isConnected,
  nextOutpoints,
} from '../consensus/connectBlock.ts';
import { ancestorAt, medianTime } from '../consensus/headerNode.ts';
import type { Rejection } from '../consensus/rejection.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import type { Block } from '../primitives/block.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';

/** `other-parent`: it does not build on the tip, so that nothing more can be said of it. */
export type ProposalVerdict = 'valid' | 'other-parent' | Rejection;

export type ProposalOptions = Readonly<{
  chain: Chain;
  verifyPool: VerifyPool;
  isVerified: (transaction: Transaction) => boolean;
  nowSec: number;
}>;

/** Whether a block on the tip would be valid once its work is done (BIP23's proposals). Nothing is kept of it. */
export async function checkProposal(block: Block, options: ProposalOptions): Promise<ProposalVerdict> {
  const { chain, nowSec } = options;
  const { params, tip } = chain;
  if (hashToHex(block.header.previousHash) !== tip.hash) return 'other-parent';
  const rejection =
    checkHeader(block.header, tip, params, nowSec) ??
    (await inSlices(checkingBody(block, params))) ??
    checkBlockContext(block, tip, params) ??
    (await connectInVain(block, tip, options));
  // The coins were read one after the other: a block in between may have taken some.
  return chain.tip === tip ? (rejection ?? 'valid') : 'other-parent';
}

async function connectInVain(
  block: Block,
  parent: BlockNode,
  { chain, verifyPool, isVerified }: ProposalOptions,
): Promise<Rejection | undefined> {
  const context = {
    height: parent.height + 1,
    medianTimeSec: medianTime(parent),
    medianTimeAt: (height: number) => medianTime(ancestorAt(parent, height)),
    params: chain.params,
  };
  const coins = new ProposalCoins(chain);
  const connection = beginConnecting(block, context, coins, isVerified);
  while (!isConnected(connection)) {
    await coins.fetch(nextOutpoints(connection));
    const step = connectTransactions(connection);
    if ('rejection' in step) return step.rejection;
    const bad = await verifyPool.verify(step.checks);
    if (bad !== undefined) return { code: 'bad-signature', input: bad };
  }
  return finishConnecting(connection);
}

/** The chain's coins, as far as they were asked for, and what the proposal does to them. */
class ProposalCoins implements CoinSet {
  readonly #chain: Chain;
  readonly #coins = new Map<string, Coin>();
  readonly #fetched = new Set<string>();

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  async fetch(outpoints: readonly Outpoint[]): Promise<void> {
    const missing = outpoints.filter(({ txHash, index }) => !this.#fetched.has(outpointKey(txHash, index)));
    const coins = await this.#chain.readCoins(missing);
    for (const [i, { txHash, index }] of missing.entries()) {
      const key = outpointKey(txHash, index);
      this.#fetched.add(key);
      const coin = coins[i];
      if (coin !== undefined) this.#coins.set(key, coin);
    }
  }

  spend({ txHash, index }: Outpoint): Coin | undefined {
    const key = outpointKey(txHash, index);
    const coin = this.#coins.get(key);
    this.#coins.delete(key);
    return coin;
  }

  add({ txHash, index }: Outpoint, coin: Coin): void {
    this.#coins.set(outpointKey(txHash, index), coin);
  }

  remove(outpoint: Outpoint): void {
    this.spend(outpoint);
  }
}
