import { breathe, inSlices } from '../bytes/breathe.ts';
import { ancestorAt } from '../consensus/headerNode.ts';
import { verdictOf } from '../consensus/verdict.ts';
import { type Block, decodingBlock } from '../primitives/block.ts';
import type { BlockNode } from './blockNode.ts';
import type { BlockTree } from './blockTree.ts';
import type { ChainState, FailedBlock } from './chainState.ts';
import { planReorganization } from './planReorganization.ts';
import { PrunedError } from './prunedError.ts';

/** Blocks connected before it is asked again which chain is the best. */
const MAX_CONNECT = 32;

export type ActivationOptions = Readonly<{
  state: ChainState;
  tree: BlockTree;
  /** A block that was just received, so that it need not be read and decoded again. */
  received?: { node: BlockNode; block: Block };
  /** A body that cannot stand where it is; it and its descendants are condemned. */
  onFailed: (failed: FailedBlock) => void;
  /** Asked after every step: seals what has gathered when it is enough. Returns like ChainState.seal. */
  sealIfLarge: () => Promise<FailedBlock | undefined>;
  /** Commits all that has happened. Returns like ChainState.seal. */
  settle: () => Promise<FailedBlock | undefined>;
}>;

/**
 * Makes the best chain the active one: undoes blocks back to the fork and connects the others, until no linked chain has
 * more work. When a block turns out invalid, the state falls back to what is committed; the block is condemned with its
 * descendants, and the search goes on from there.
 */
export async function activateBestChain(options: ActivationOptions): Promise<void> {
  const { state, tree, sealIfLarge } = options;
  for (;;) {
    const best = tree.bestCandidate(state.tip);
    const failed = await (best === state.tip ? sealIfLarge() : stepTowards(best, options));
    if (failed) condemn(failed, options);
    else if (best === state.tip) break;
  }
  tree.dropWeakCandidates(state.tip);
}

/** Marks a block that failed, and all that descends from it. */
export function condemn(failed: FailedBlock, { state, tree, onFailed }: ActivationOptions): void {
  // Every rule that connecting asks condemns the hash: the body was tied to it long before.
  const { code } = failed.rejection;
  if (!verdictOf(code).condemnsHash) throw new Error(`connecting gave ${code}`);
  tree.markInvalid(failed.node, 'rule', state.tip);
  onFailed(failed);
}

/**
 * Condemns a block by its owner's will: when it is in the active chain, that is undone back to its parent, and the best of
 * what is left becomes the active one. Returns why not, before anything is undone, where the way back was pruned.
 */
export async function invalidate(
  node: BlockNode,
  options: ActivationOptions,
): Promise<PrunedError | undefined> {
  const { state, tree } = options;
  const failed = await options.settle();
  if (failed) condemn(failed, options);
  const isActive = () => node.height <= state.tip.height && ancestorAt(state.tip, node.height) === node;
  const obstacle = isActive() ? obstacleTo(tree.bestWithout(node, node.parent!), state.tip) : undefined;
  if (obstacle) return obstacle;
  while (isActive()) {
    await state.disconnect();
    await options.sealIfLarge();
    await breathe();
  }
  tree.markInvalid(node, 'owner', state.tip);
  await activateBestChain(options);
  return undefined;
}

/**
 * Takes back the verdict on a block, and what follows from it, and makes the best chain the active one. Returns why not, before
 * anything is changed, where the way there was pruned.
 */
export async function reconsider(
  node: BlockNode,
  options: ActivationOptions,
): Promise<PrunedError | undefined> {
  const { state, tree } = options;
  const verdicts = tree.clearInvalid(node, state.tip);
  const obstacle = obstacleTo(tree.bestCandidate(state.tip), state.tip);
  if (obstacle) tree.restoreInvalid(verdicts);
  else await activateBestChain(options);
  return obstacle;
}

/** What stands in the way from one tip to another. */
function obstacleTo(best: BlockNode, tip: BlockNode): PrunedError | undefined {
  return prunedOf(planReorganization(tip, best, 0).disconnect);
}

async function stepTowards(best: BlockNode, options: ActivationOptions): Promise<FailedBlock | undefined> {
  const { state, sealIfLarge } = options;
  const plan = planReorganization(state.tip, best, MAX_CONNECT);
  // Before anything is undone: midway would be no place to stop.
  const obstacle = prunedOf(plan.disconnect);
  if (obstacle) throw obstacle;
  if (plan.disconnect.length > 0) {
    // Whether a block was good is known before it is undone.
    const failed = await options.settle();
    if (failed) return failed;
  }
  for (const _ of plan.disconnect) {
    await state.disconnect();
    const failed = await sealIfLarge();
    if (failed) return failed;
    await breathe();
  }
  for (const node of plan.connect) {
    const failed = (await state.connect(node, await bodyOf(node, options))) ?? (await sealIfLarge());
    if (failed) return failed;
    await breathe();
  }
  return undefined;
}

/** What stands in the way of undoing these blocks, the tip first. */
function prunedOf(disconnect: readonly BlockNode[]): PrunedError | undefined {
  const lowest = disconnect.at(-1);
  if (!lowest?.isPruned) return undefined;
  const kept = disconnect.findLast(({ isPruned }) => !isPruned);
  return new PrunedError(lowest.height - 1, kept?.height ?? disconnect[0]!.height + 1);
}

async function bodyOf(node: BlockNode, { state, received }: ActivationOptions): Promise<Block> {
  return received?.node === node ? received.block : inSlices(decodingBlock(await state.readBody(node)));
}
