import { randomInt } from 'node:crypto';
import { hashToHex } from '../bytes/hex.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import { type BumpOptions, planBump } from './feeBump.ts';
import type { KeyPath } from './keyTree.ts';
import type { Ledger } from './ledger.ts';
import { type Payment, planPayment, type Signer, signInputs, signPayment } from './payment.ts';
import type { PendingTransaction } from './pendingView.ts';
import { type CoinToSign, type SignedTransaction, signWhatIsOurs } from './signTransaction.ts';
import type { UnconfirmedPayments } from './unconfirmedPayments.ts';
import type { UnspentCoin, WalletCoin } from './walletCoin.ts';
import { WalletError } from './walletError.ts';
import type { WalletKeys } from './walletKeys.ts';

/** What spending needs to know of the wallet. */
export type SpendingOptions = Readonly<{
  keys: WalletKeys;
  ledger: Ledger;
  nowSec: () => number;
  /** The wallet's key that an output pays to. */
  find: (lockingScript: Uint8Array) => KeyPath | undefined;
  unconfirmed: () => UnconfirmedPayments;
  /** All coins that no pending transaction spends. */
  unspent: () => readonly UnspentCoin[];
  /** One payment, or change of keys, at a time. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}>;

type Passphrase = Readonly<{ passphrase?: string | undefined }>;

/** Pays with the wallet's coins. Whatever is signed here lies on the disk before anybody gets it. */
export class Spending {
  readonly #options: SpendingOptions;
  readonly #locked = new Map<string, Outpoint>();
  /** Base units per byte for payments whose sender names no rate, until the node ends; undefined: what the node thinks. */
  feeRate: number | undefined;

  constructor(options: SpendingOptions) {
    this.#options = options;
  }

  /** What can be spent now: mature coins, and the change of our own payments; without locked ones. */
  spendable(): UnspentCoin[] {
    return this.#options.unspent().filter((coin) => coin.isSpendable && !this.isLocked(coin.outpoint));
  }

  /** Coins that no payment takes until they are unlocked, or the node ends. */
  lockedCoins(): readonly Outpoint[] {
    return [...this.#locked.values()];
  }

  isLocked({ txHash, index }: Outpoint): boolean {
    return this.#locked.has(outpointKey(txHash, index));
  }

  /** @param outpoint of an unspent coin of ours: so there are no more of them than coins */
  lock(outpoint: Outpoint): void {
    const unspent = new Set(this.#options.unspent().map((coin) => keyOf(coin.outpoint)));
    for (const key of this.#locked.keys()) if (!unspent.has(key)) this.#locked.delete(key);
    this.#locked.set(keyOf(outpoint), outpoint);
  }

  unlock(outpoint: Outpoint): void {
    this.#locked.delete(keyOf(outpoint));
  }

  unlockAll(): void {
    this.#locked.clear();
  }

  /**
   * Signs a payment and keeps it on the disk until a block has it, so that a kill before it was sent loses nothing. The
   * caller gives it to the mempool, and calls `abandon` if that refuses it. @throws WalletError, see planPayment
   */
  async pay(payment: Payment & Passphrase): Promise<{ transaction: Transaction; fee: bigint }> {
    const { keys, ledger, nowSec, inTurn } = this.#options;
    return inTurn(async () => {
      const plan = planPayment(this.spendable(), payment);
      // Before a key for change is handed out: a wrong passphrase must change nothing.
      const signers = await this.#signersOf(plan.coins, payment.passphrase);
      const changeKey = plan.change > 0n ? keys.ring.publicKey(await keys.changeKey()) : undefined;
      const transaction = signPayment(plan, changeKey, signers);
      forget(signers);
      await ledger.addPending(transaction, nowSec());
      return { transaction, fee: plan.fee };
    });
  }

  /**
   * Signs a payment of ours again, with a higher fee, and keeps it in the place of the old one. The caller gives it to the
   * mempool, and calls `unbump` if that refuses it. @throws WalletError `not-own`, and see planBump
   */
  async bump(
    txid: string,
    options: BumpOptions & Passphrase,
  ): Promise<{ transaction: Transaction; fee: bigint; oldFee: bigint }> {
    const { keys, ledger, nowSec, inTurn, unconfirmed } = this.#options;
    return inTurn(async () => {
      const { payment, changeKey } = this.#takeApart(txid);
      const spare = this.spendable()
        .filter(({ height }) => height !== undefined)
        .sort((a, b) => (a.amount < b.amount ? 1 : -1));
      const plan = planBump(payment, spare, options);
      const signers = await this.#signersOf(plan.coins, options.passphrase);
      const outputs = [...plan.outputs];
      if (plan.change > 0n) {
        const key = changeKey ?? (await keys.changeKey());
        const lockingScript = payToPublicKey(keys.ring.publicKey(key));
        outputs.splice(randomInt(outputs.length + 1), 0, { amount: plan.change, lockingScript });
      }
      const transaction = signInputs(plan.coins, outputs, signers);
      forget(signers);
      const pending = ledger.ownPending().get(txid);
      if (pending === undefined) throw notWaiting();
      const old = unconfirmed().describeDropped(pending, hashToHex(transaction.hash));
      await ledger.replacePending(old, transaction, nowSec());
      return { transaction, fee: plan.fee, oldFee: plan.oldFee };
    });
  }

  /** Takes back a higher fee that the mempool refused. */
  async unbump(transaction: Transaction, old: PendingTransaction): Promise<void> {
    await this.#options.ledger.restorePending(transaction.hash, old);
  }

  /** Gives up a payment: its coins are free again. */
  async abandon(transaction: Transaction): Promise<void> {
    const { ledger } = this.#options;
    ledger.dropPending(transaction.hash);
    await ledger.flush({ sync: true });
  }

  /**
   * Signs the inputs of a transaction whose keys are here, and leaves the others as they are.
   * @param coins what the inputs spend, in their order; undefined for what is not known @throws WalletError `locked`
   */
  async sign(
    transaction: Transaction,
    coins: readonly (CoinToSign | undefined)[],
    passphrase?: string,
  ): Promise<SignedTransaction> {
    const { keys, find, inTurn } = this.#options;
    return inTurn(async () => {
      const paths = coins.map((coin) => coin && find(coin.lockingScript));
      const own = paths.filter((path) => path !== undefined);
      // A transaction without a key of ours tells nobody whether the passphrase is right, but needs it all the same.
      const privateKeys = await keys.privateKeys(own, passphrase);
      const signed = signWhatIsOurs(
        transaction,
        coins,
        paths.map((path) => path && privateKeys[own.indexOf(path)]),
      );
      for (const key of privateKeys) key.fill(0);
      return signed;
    });
  }

  async #signersOf(coins: readonly WalletCoin[], passphrase: string | undefined): Promise<Signer[]> {
    const { keys } = this.#options;
    const paths = coins.map(({ key }) => key);
    const privateKeys = await keys.privateKeys(paths, passphrase);
    return paths.map((path, i) => ({ publicKey: keys.ring.publicKey(path), privateKey: privateKeys[i]! }));
  }

  /** What a payment of ours spends, what it pays to others, and what it gives back to us. */
  #takeApart(txid: string) {
    const { ledger, find } = this.#options;
    const unconfirmed = this.#options.unconfirmed();
    const transaction = ledger.ownPending().get(txid)?.transaction;
    const coins = transaction?.inputs.map(({ outpoint }) => unconfirmed.coinOf(outpoint));
    const isOurs = coins?.every((coin) => coin !== undefined);
    const isBase = unconfirmed
      .all()
      .some(({ transaction: { inputs } }) =>
        inputs.some(({ outpoint }) => hashToHex(outpoint.txHash) === txid),
      );
    if (isBase) {
      const message = 'Another payment spends the change of this one: bump that one instead.';
      throw new WalletError('not-own', message);
    }
    if (transaction === undefined || coins === undefined || !isOurs) throw notWaiting();
    const changeAt = transaction.outputs.findIndex(
      ({ lockingScript }) => find(lockingScript)?.chain === 'change',
    );
    const change = transaction.outputs[changeAt];
    const outputs = transaction.outputs.filter((_, index) => index !== changeAt);
    const payment = { coins: coins as WalletCoin[], outputs, change: change?.amount ?? 0n };
    return { payment, changeKey: change && find(change.lockingScript) };
  }
}

function notWaiting(): WalletError {
  return new WalletError('not-own', 'This is no payment of this wallet that waits for a block.');
}

function keyOf({ txHash, index }: Outpoint): string {
  return outpointKey(txHash, index);
}

function forget(signers: readonly Signer[]): void {
  for (const { privateKey } of signers) privateKey.fill(0);
}
