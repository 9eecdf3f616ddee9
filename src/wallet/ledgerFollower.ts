import { type Block, decodeBlock } from '../primitives/block.ts';
import type { ChainNode, ChainView, TipChange } from './chainView.ts';
import type { DroppedPayment } from './droppedPayments.ts';
import type { KeyRing } from './keyRing.ts';
import type { Connected, Ledger } from './ledger.ts';
import type { LedgerChange, UnconfirmedPayments } from './unconfirmedPayments.ts';
import type { FindKey, HistoryEntry } from './walletCoin.ts';
import { WalletError } from './walletError.ts';
import type { WalletKeys } from './walletKeys.ts';

/** Blocks without a coin of ours are written off together. */
const FLUSH_BLOCKS = 500;
const REPORT_BLOCKS = 5000;

export type FollowerOptions = Readonly<{
  chain: ChainView;
  ledger: Ledger;
  keys: Pick<WalletKeys, 'birthHeight' | 'save'> & Readonly<{ ring: Pick<KeyRing, 'noteUsed'> }>;
  findKey: FindKey;
  /** Called when the ledger stands at the tip after a rescan, with what that did to payments that it knew. */
  onCaughtUp: (change: LedgerChange) => void;
  /** Told of what each block did to the ledger. @param isNew whether the chain has just got it, and no rescan reads it */
  onConnected: (entries: readonly HistoryEntry[], isNew: boolean) => void;
  /** Told of a rescan every so often. */
  onRescan: ((height: number, target: number) => void) | undefined;
  onRescanFailed: ((error: unknown) => void) | undefined;
}>;

/** Keeps a ledger where the chain is: block by block as it moves, and by reading the chain when the two are apart. */
export class LedgerFollower {
  readonly #options: FollowerOptions;
  #rescan: Promise<void> | undefined;
  #rescanSinceMs = 0;
  #writing: Promise<void> = Promise.resolve();
  #isClosing = false;
  #hasFailed = false;
  #problem: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get isRescanning(): boolean {
    return this.#rescan !== undefined;
  }

  /** For how long a rescan runs by now. */
  get rescanSec(): number {
    return this.isRescanning ? Math.floor((performance.now() - this.#rescanSinceMs) / 1000) : 0;
  }

  /** Why the ledger cannot follow the chain, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Begins to read the chain from where the ledger stands, in the background. */
  startRescan(): void {
    if (this.#rescan === undefined) this.#rescanSinceMs = performance.now();
    this.#rescan ??= this.#catchUp()
      .catch((error: unknown) => {
        this.#hasFailed = true;
        // At every new block it is tried again, and told of once.
        const { message } = error as Error;
        if (message !== this.#problem) this.#options.onRescanFailed?.(error);
        this.#problem = message;
      })
      .then(() => {
        this.#rescan = undefined;
        // A change that came while the last block was being written was left to us.
        const isBehind = this.#options.ledger.tip?.hash !== this.#options.chain.tip.hash;
        if (isBehind && !this.#isClosing && !this.#hasFailed) this.startRescan();
      });
  }

  /** Resolves when no rescan runs. */
  async settled(): Promise<void> {
    while (this.#rescan !== undefined) await this.#rescan;
  }

  /** Follows one move of the tip. @returns undefined where that is left to a rescan */
  async update(change: TipChange): Promise<LedgerChange | undefined> {
    const { ledger, onConnected } = this.#options;
    // A running rescan reads the chain until it stands at its tip, and so takes this change in.
    if (this.#rescan !== undefined || this.#isClosing) return undefined;
    await this.#writing;
    const undone: HistoryEntry[] = [];
    const dropped: DroppedPayment[] = [];
    for (const changed of change.disconnected) {
      if (ledger.tip?.hash !== changed.node.hash) continue;
      const { node, block } = changed;
      undone.unshift(...(await ledger.disconnect(block, node.height)));
    }
    for (const changed of change.connected) {
      const { node } = changed;
      if (ledger.tip?.hash !== node.parent?.hash) continue;
      const connected = await this.#connect(changed.block, node.height);
      dropped.push(...connected.dropped);
      onConnected(connected.entries, true);
    }
    if (ledger.tip?.hash !== change.tip.hash) this.startRescan();
    return { undone, dropped };
  }

  /**
   * Writes what has changed, without making the chain wait: a ledger that stands lower reads the blocks again. A failure
   * shows at the next change.
   */
  write(): void {
    if (!this.#options.ledger.hasUnwrittenChanges) return;
    this.#writing = this.#options.ledger.flush();
    this.#writing.catch(() => undefined);
  }

  /** Ends a rescan where it is. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.settled();
  }

  /** Reads blocks until the ledger stands at the chain's tip, back along a branch that was left where need be. */
  async #catchUp(): Promise<void> {
    const { chain, ledger, onRescan } = this.#options;
    const undone: HistoryEntry[] = [];
    const dropped: DroppedPayment[] = [];
    while (!this.#isClosing) {
      const { tip } = ledger;
      const node = tip === undefined ? undefined : chain.node(tip.hash);
      if (node === undefined) {
        await this.#restart();
      } else if (!chain.isActive(node)) {
        const block = await this.#readBlock(node);
        if (block === undefined) await this.#restart();
        else undone.unshift(...(await ledger.disconnect(block, node.height)));
      } else if (node === chain.tip) {
        break;
      } else {
        const next = chain.nodeAt(node.height + 1);
        const block = next === undefined ? undefined : await this.#readBlock(next);
        // Gone while it was asked for: the chain has moved, look again.
        if (next === undefined || next.parent !== node) continue;
        if (block === undefined) throw this.#unreadable(next);
        const connected = await this.#connect(block, next.height);
        dropped.push(...connected.dropped);
        this.#options.onConnected(connected.entries, false);
        if (next.height % REPORT_BLOCKS === 0) onRescan?.(next.height, chain.tip.height);
      }
    }
    // Told of half a ledger, its owner would take payments for dead whose coins it has not read yet.
    if (this.#isClosing) return;
    this.#problem = undefined;
    this.#options.onCaughtUp({ undone, dropped });
    this.write();
  }

  #unreadable(node: ChainNode): Error {
    const { lowestHeight } = this.#options.chain;
    if (node.height >= lowestHeight)
      return new Error(`block ${node.hash} of the active chain cannot be read`);
    return new WalletError(
      'pruned',
      `The wallet knows the chain up to height ${node.height - 1}, and the blocks before height ${lowestHeight} were pruned: its coins cannot be counted. Starting once with --reindex downloads them again.`,
    );
  }

  async #restart(): Promise<void> {
    const { chain, ledger, keys } = this.#options;
    await ledger.clear();
    const start = chain.nodeAt(Math.min(keys.birthHeight, chain.tip.height))!;
    ledger.startAt({ hash: start.hash, height: start.height });
  }

  async #readBlock(node: ChainNode): Promise<Block | undefined> {
    const bytes = await this.#options.chain.readBlock(node.hash);
    return bytes === undefined ? undefined : decodeBlock(bytes);
  }

  async #connect(block: Block, height: number): Promise<Connected> {
    const { ledger, findKey } = this.#options;
    await this.#discoverKeys(block);
    const connected = ledger.connect(block, height, findKey);
    if (ledger.unwrittenBlocks >= FLUSH_BLOCKS) await ledger.flush();
    return connected;
  }

  /**
   * Counts the keys that a block pays before its coins are taken: a key near the end of those watched makes more to be
   * watched, and the block may pay one of those too, even earlier.
   */
  async #discoverKeys(block: Block): Promise<void> {
    const { keys, findKey } = this.#options;
    let isChanged = false;
    for (let isMore = true; isMore; ) {
      isMore = false;
      for (const { outputs } of block.transactions) {
        for (const { lockingScript } of outputs) {
          const path = findKey(lockingScript);
          if (path !== undefined && keys.ring.noteUsed(path)) isMore = true;
        }
      }
      isChanged ||= isMore;
    }
    if (isChanged) await keys.save();
  }
}

/**
 * Moves a ledger with the chain, and with it what is unconfirmed. What the mempool has no more is put aside before, so that
 * the ledger meets it in the blocks that have it, or something in its place.
 */
export async function followWithPending(
  follower: LedgerFollower,
  unconfirmed: UnconfirmedPayments,
  change: TipChange,
): Promise<void> {
  const aside = unconfirmed.putAside();
  const moved = await follower.update(change);
  // Of half a ledger nothing can be said: it goes on with a rescan.
  if (follower.isRescanning) unconfirmed.postpone(moved ?? { undone: [], dropped: [] }, aside);
  else if (moved !== undefined) unconfirmed.settle(moved, aside);
  follower.write();
}
