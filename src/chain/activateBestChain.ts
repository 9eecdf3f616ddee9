import { breathe } from '../bytes/breathe.ts';
import type { Rejection } from '../consensus/rejection.ts';
import { verdictOf } from '../consensus/verdict.ts';
import { type Block, decodeBlock } from '../primitives/block.ts';
import type { BlockNode } from './blockNode.ts';
import type { BlockTree } from './blockTree.ts';
import type { ChangeLog } from './chainChange.ts';
import type { ChainState } from './chainState.ts';
import { planReorganization } from './planReorganization.ts';
import { PrunedError } from './prunedError.ts';

/** Blocks connected before it is asked again which chain is the best. */
const MAX_CONNECT = 32;

export type ActivationOptions = Readonly<{
  state: ChainState;
  tree: BlockTree;
  /** Notes what was disconnected and connected. */
  log: ChangeLog;
  /** A block that was just received, so that it need not be read and decoded again. */
  received?: { node: BlockNode; block: Block };
  /** A body that cannot stand where it is; it and its descendants are condemned. */
  onInvalid: (node: BlockNode, rejection: Rejection) => void;
  /** Asked after every step: commits when enough has gathered. */
  commitIfLarge: () => Promise<void>;
}>;

/**
 * Makes the best chain the active one: undoes blocks back to the fork and connects the others, until no linked chain has
 * more work. A block that turns out invalid is condemned with its descendants and the search goes on, so the way back to
 * the old chain, if nothing else is better, is the same as any other reorganization.
 */
export async function activateBestChain(options: ActivationOptions): Promise<void> {
  const { state, tree } = options;
  for (;;) {
    const best = tree.bestCandidate(state.tip);
    if (best === state.tip) break;
    await stepTowards(best, options);
  }
  tree.dropWeakCandidates(state.tip);
  // Bodies may have gathered that lead nowhere yet.
  await options.commitIfLarge();
}

async function stepTowards(best: BlockNode, options: ActivationOptions): Promise<void> {
  const { state, tree, log, onInvalid, commitIfLarge } = options;
  const plan = planReorganization(state.tip, best, MAX_CONNECT);
  expectKept(plan.disconnect);
  for (const node of plan.disconnect) {
    log.disconnected(node, await state.disconnect());
    await commitIfLarge();
    await breathe();
  }
  for (const node of plan.connect) {
    const block = await bodyOf(node, options);
    const rejection = await state.connect(node, block);
    if (rejection) {
      // Perhaps it is our own coins that are not what they were.
      if (rejection.code === 'bad-txns-inputs-missingorspent') await state.checkCoins();
      // Every rule that connecting asks condemns the hash: the body was tied to it long before.
      if (!verdictOf(rejection.code).condemnsHash) throw new Error(`connecting gave ${rejection.code}`);
      tree.markInvalid(node);
      onInvalid(node, rejection);
      return;
    }
    log.connected(node, block);
    await commitIfLarge();
    await breathe();
  }
}

/** Before anything is undone: midway would be no place to stop. @throws PrunedError */
function expectKept(disconnect: readonly BlockNode[]): void {
  const lowest = disconnect.at(-1);
  if (!lowest?.isPruned) return;
  const kept = disconnect.findLast(({ isPruned }) => !isPruned);
  throw new PrunedError(lowest.height - 1, kept?.height ?? disconnect[0]!.height + 1);
}

async function bodyOf(node: BlockNode, { state, received }: ActivationOptions): Promise<Block> {
  return received?.node === node ? received.block : decodeBlock(await state.readBody(node));
}
