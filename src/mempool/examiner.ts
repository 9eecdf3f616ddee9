import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { checkSpend, type SpendContext } from '../consensus/checkSpend.ts';
import { checkTransaction } from '../consensus/checkTransaction.ts';
import type { Coin } from '../consensus/coin.ts';
import type { Rejection } from '../consensus/rejection.ts';
import type { SignatureCheck } from '../crypto/signatureCheck.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import type { Outpoint, Transaction } from '../primitives/transaction.ts';
import { CoinReader } from './coinReader.ts';
import type { EntrySet } from './entrySet.ts';
import { ancestorsVia, unwantedFamily } from './familyLimits.ts';
import type { MempoolEntry } from './mempoolEntry.ts';
import { type Unwanted, unwantedByItself, unwantedCoins, unwantedFee } from './policy.ts';
import { planReplacement } from './replacement.ts';

/** A transaction that may be spent from although it is nowhere yet: one of the same package. */
export type Imagined = Readonly<{
  coinOf(outpoint: Outpoint, height: number): Coin | undefined;
  parentsOf(transaction: Transaction): ReadonlySet<MempoolEntry>;
}>;

/** What is known of a transaction whose coins are all there. */
export type Candidate = Readonly<{
  transaction: Transaction;
  txid: string;
  coins: readonly Coin[];
  /** Base units. */
  fee: bigint;
  checks: readonly SignatureCheck[];
  /** The entries that make what it spends. */
  parents: ReadonlySet<MempoolEntry>;
  /** The block after which this holds. */
  tip: BlockNode;
}>;

export type Broken =
  | Readonly<{ status: 'rejected'; rejection: Rejection }>
  | Readonly<{ status: 'policy' } & Unwanted>;

export type Found =
  | Readonly<{ status: 'found'; candidate: Candidate }>
  /** One for each input, undefined where there is none. */
  | Readonly<{ status: 'missing'; coins: readonly (Coin | undefined)[] }>
  | Broken;

/** Who has to leave for a transaction. */
export type Plan = Readonly<{ status: 'wanted'; replaced: ReadonlySet<MempoolEntry> }> | Broken;

/** A transaction is known to be in a block by its outputs, as long as one of the first few is unspent. */
const OUTPUTS_LOOKED_UP = 8;

/** What is asked of a transaction on its way in, in steps, cheapest first. It changes nothing. */
export class Examiner {
  readonly #chain: Chain;
  readonly #entries: EntrySet;
  readonly #verifyPool: VerifyPool;
  readonly #floor: () => number;
  readonly #coinReader: CoinReader;
  #context: (SpendContext & Readonly<{ tip: BlockNode }>) | undefined;

  /** `floor`: the fee rate that the mempool asks at the moment. */
  constructor(parts: { chain: Chain; entries: EntrySet; verifyPool: VerifyPool; floor: () => number }) {
    this.#chain = parts.chain;
    this.#entries = parts.entries;
    this.#verifyPool = parts.verifyPool;
    this.#floor = parts.floor;
    this.#coinReader = new CoinReader(parts.chain);
  }

  /** The rules and the policy for a transaction by itself. */
  checkAlone(transaction: Transaction): Broken | undefined {
    const rejection = checkTransaction(transaction);
    if (rejection) return { status: 'rejected', rejection };
    const unwanted = unwantedByItself(transaction);
    return unwanted && { status: 'policy', ...unwanted };
  }

  /** Reads what it spends, and asks the rules that need the chain, but for signatures. */
  async find(transaction: Transaction, txid: string, imagined?: Imagined): Promise<Found> {
    const { tip } = this.#chain;
    const height = tip.height + 1;
    const parents = this.#entries.parentsOf(transaction);
    const coins = transaction.inputs.map(
      ({ outpoint }) =>
        (parents.size > 0 ? this.#entries.coinOf(outpoint, height) : undefined) ??
        imagined?.coinOf(outpoint, height),
    );
    await this.#fillFromChain(coins, transaction);
    if (coins.includes(undefined)) return { status: 'missing', coins };
    const spend = checkSpend(transaction, coins, this.spendContext(tip));
    if ('rejection' in spend) return { status: 'rejected', rejection: spend.rejection };
    const { fee, checks } = spend;
    const candidate = { transaction, txid, coins: coins as Coin[], fee, checks, parents, tip };
    return { status: 'found', candidate };
  }

  /** What policy says of it with all that is here now. */
  plan({ transaction, txid, coins, fee, parents }: Candidate, imagined?: Imagined): Plan {
    const bytes = transaction.bytes.length;
    const modifiedFee = Number(fee) + this.#entries.deltaOfHash(transaction.hash);
    const unwanted = unwantedCoins(coins) ?? unwantedFee(modifiedFee, bytes, this.#floor());
    if (unwanted) return { status: 'policy', ...unwanted };
    const ancestors = ancestorsVia(imagined ? union(parents, imagined.parentsOf(transaction)) : parents);
    const conflicts = this.#entries.conflictsOf(transaction);
    const planned = planReplacement({ txid, bytes, fee: modifiedFee, conflicts, ancestors });
    if ('unwanted' in planned) return { status: 'policy', ...planned.unwanted };
    const tooLong = ancestors.size > 0 ? unwantedFamily(ancestors, bytes, planned.replaced) : undefined;
    return tooLong ? { status: 'policy', ...tooLong } : { status: 'wanted', replaced: planned.replaced };
  }

  /** The first input whose signature is wrong, if any. Only reserved locks have none, and those we do not want. */
  async verify({ checks }: Candidate): Promise<Broken | undefined> {
    const input = await this.#verifyPool.verify(checks);
    return input === undefined
      ? undefined
      : { status: 'rejected', rejection: { code: 'bad-signature', input } };
  }

  /** Whether what was found of it still holds: the tip is the same, and its parents are still here. */
  isStillTrue({ tip, parents }: Candidate): boolean {
    if (tip !== this.#chain.tip) return false;
    for (const parent of parents) if (!this.#entries.holds(parent)) return false;
    return true;
  }

  /** What follows for a transaction some of whose coins (undefined) are not there: `missing` are the txids of its parents. */
  async judgeMissing(
    transaction: Transaction,
    coins: readonly (Coin | undefined)[],
  ): Promise<Broken | Readonly<{ status: 'known' }> | Readonly<{ status: 'orphan'; missing: string[] }>> {
    const missing = new Set<string>();
    for (const [input, { outpoint }] of transaction.inputs.entries()) {
      if (coins[input]) continue;
      // The parent is here and has no such output, or one that cannot be spent.
      if (this.#entries.ofHash(outpoint.txHash))
        return { status: 'rejected', rejection: { code: 'bad-txns-inputs-missingorspent', input } };
      missing.add(hashToHex(outpoint.txHash));
    }
    if (await this.#isInChain(transaction)) return { status: 'known' };
    return { status: 'orphan', missing: [...missing] };
  }

  /** For the block after this tip. Kept until the next: a median is a sort, and thousands come in after one block. */
  spendContext(tip: BlockNode): SpendContext {
    if (this.#context?.tip === tip) return this.#context;
    const chain = this.#chain;
    this.#context = {
      tip,
      height: tip.height + 1,
      medianTimeSec: chain.medianTime(tip),
      medianTimeAt: (height) => chain.medianTime(chain.nodeAt(height)!),
      params: chain.params,
    };
    return this.#context;
  }

  async #isInChain({ hash, outputs }: Transaction): Promise<boolean> {
    const outpoints = outputs.slice(0, OUTPUTS_LOOKED_UP).map((_, index) => ({ txHash: hash, index }));
    return (await this.#coinReader.read(outpoints)).some((coin) => coin !== undefined);
  }

  async #fillFromChain(coins: (Coin | undefined)[], { inputs }: Transaction): Promise<void> {
    const elsewhere: Outpoint[] = [];
    for (let i = 0; i < coins.length; i++) if (!coins[i]) elsewhere.push(inputs[i]!.outpoint);
    if (elsewhere.length === 0) return;
    const read = await this.#coinReader.read(elsewhere);
    for (let i = 0, next = 0; i < coins.length; i++) if (!coins[i]) coins[i] = read[next++];
  }
}

function union<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return b.size === 0 ? a : new Set([...a, ...b]);
}
