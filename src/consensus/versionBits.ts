import type { Deployment, NetworkParams } from '../params/networkParams.ts';
import { ancestorAt, type HeaderNode, medianTime } from './headerNode.ts';

/**
 * How far a soft fork is (BIP9), the same for all blocks of a window: `defined` before its start, `started` while miners may
 * signal, `locked_in` for one window after enough of them did, then `active` for ever; or `failed` when its time ran out.
 */
export type DeploymentState = 'defined' | 'started' | 'locked_in' | 'active' | 'failed';

/** The soft forks whose rules are part of this program. A network has one by naming it among its deployments. */
export type SoftFork = 'bip54';
export const SOFT_FORKS: readonly string[] = ['bip54' satisfies SoftFork];

/** The top three bits of a version that signals at all. */
const TOP_MASK = 0xe000_0000;
const TOP_BITS = 0x2000_0000;

/**
 * What was found before, by the last block of the window that decided it: it never changes, and counting the signals of all
 * windows for every block would make long chains slow.
 */
const known = new WeakMap<Deployment, WeakMap<HeaderNode, DeploymentState>>();

/** The state for the block after `parent`. */
export function deploymentState(parent: HeaderNode, deployment: Deployment): DeploymentState {
  const end = lastWindowEnd(parent, deployment.windowBlocks);
  return end ? stateAfterWindow(end, deployment) : 'defined';
}

/** The height of the first block that the state for the block after `parent` holds for. */
export function deploymentSince(parent: HeaderNode, deployment: Deployment): number {
  const { windowBlocks } = deployment;
  const state = deploymentState(parent, deployment);
  let end = state === 'defined' ? undefined : lastWindowEnd(parent, windowBlocks);
  if (!end) return 0;
  for (;;) {
    const before: HeaderNode | undefined = windowBefore(end, windowBlocks);
    if (!before || stateAfterWindow(before, deployment) !== state) return end.height + 1;
    end = before;
  }
}

/** Whether a soft fork's rules hold for the block after `parent`. */
export function isActiveAfter(parent: HeaderNode, name: SoftFork, { deployments }: NetworkParams): boolean {
  const deployment = deployments.find((it) => it.name === name);
  return deployment !== undefined && deploymentState(parent, deployment) === 'active';
}

/** How many of the last `count` blocks up to this one signal the bit. */
export function countSignals(end: HeaderNode, count: number, bit: number): number {
  let signals = 0;
  let at: HeaderNode | undefined = end;
  for (let left = count; at && left > 0; left--, at = at.parent) if (doesSignal(at.version, bit)) signals++;
  return signals;
}

export function doesSignal(version: number, bit: number): boolean {
  return isSignalling(version) && ((version >>> bit) & 1) === 1;
}

/** Whether the bits of this version are signals. */
export function isSignalling(version: number): boolean {
  return (version & TOP_MASK) >>> 0 === TOP_BITS;
}

/** The version of the block after `parent`: it signals every soft fork that is under way, until that is active. */
export function signallingVersion(parent: HeaderNode, { deployments }: NetworkParams): number {
  return deployments.reduce((version, deployment) => {
    const state = deploymentState(parent, deployment);
    return state === 'started' || state === 'locked_in' ? version | (1 << deployment.bit) : version;
  }, TOP_BITS);
}

/** The last block of the last whole window up to and with this block. */
export function lastWindowEnd<Node extends HeaderNode>(node: Node, windowBlocks: number): Node | undefined {
  const height = node.height - ((node.height + 1) % windowBlocks);
  return height < 0 ? undefined : ancestorAt(node, height);
}

/** The last block of the window before the one that ends here. */
export function windowBefore<Node extends HeaderNode>(end: Node, windowBlocks: number): Node | undefined {
  return end.height < windowBlocks ? undefined : ancestorAt(end, end.height - windowBlocks);
}

function stateAfterWindow(end: HeaderNode, deployment: Deployment): DeploymentState {
  const states = known.get(deployment) ?? new WeakMap<HeaderNode, DeploymentState>();
  known.set(deployment, states);
  // Windows whose outcome is not known yet, newest first, back to where nothing can have begun.
  const unknown: HeaderNode[] = [];
  let state: DeploymentState | undefined;
  for (let at: HeaderNode | undefined = end; at; at = windowBefore(at, deployment.windowBlocks)) {
    state = states.get(at);
    if (!state && medianTime(at) < deployment.startTimeSec) {
      state = 'defined';
      states.set(at, state);
    }
    if (state) break;
    unknown.push(at);
  }
  state ??= 'defined';
  for (const at of unknown.reverse()) {
    state = stateAfterOneMore(state, at, deployment);
    states.set(at, state);
  }
  return state;
}

/** In Bitcoin Core's order (versionbits.cpp): a window that reaches the threshold locks in even where its end is the timeout. */
function stateAfterOneMore(
  state: DeploymentState,
  end: HeaderNode,
  { windowBlocks, threshold, timeoutSec, bit }: Deployment,
): DeploymentState {
  if (state === 'defined') return 'started';
  if (state === 'locked_in') return 'active';
  if (state !== 'started') return state;
  if (countSignals(end, windowBlocks, bit) >= threshold) return 'locked_in';
  return medianTime(end) >= timeoutSec ? 'failed' : 'started';
}
