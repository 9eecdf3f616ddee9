import type { Deployment, NetworkParams } from '../params/networkParams.ts';
import { ancestorAt, type HeaderNode, medianTime } from './headerNode.ts';

/**
 * How far a soft fork is (BIP9), the same for all blocks of a window: `defined` before its start, `started` while miners may
 * signal, `locked_in` for one window after enough of them did, then `active` for ever; or `failed` when its time ran out.
 */
export type DeploymentState = 'defined' | 'started' | 'locked_in' | 'active' | 'failed';

/** The top three bits of a version that signals at all. */
const TOP_MASK = 0xe000_0000;
const TOP_BITS = 0x2000_0000;

/**
 * The state for the block after `parent`, in Bitcoin Core's order (versionbits.cpp): a window that reaches the threshold locks
 * in even where the timeout passes at its end.
 */
export function deploymentState(parent: HeaderNode, deployment: Deployment): DeploymentState {
  const { windowBlocks, startTimeSec, timeoutSec, threshold } = deployment;
  // Last blocks of the windows before, newest first, back to where nothing can have begun.
  const windowEnds: HeaderNode[] = [];
  for (let height = lastWindowEnd(parent.height, windowBlocks); height >= 0; height -= windowBlocks) {
    const end = ancestorAt(windowEnds[windowEnds.length - 1] ?? parent, height);
    if (medianTime(end) < startTimeSec) break;
    windowEnds.push(end);
  }
  let state: DeploymentState = 'defined';
  for (const end of windowEnds.reverse()) {
    if (state === 'defined') state = 'started';
    else if (state === 'locked_in') state = 'active';
    else if (state === 'started') {
      if (countSignals(end, windowBlocks, deployment.bit) >= threshold) state = 'locked_in';
      else if (medianTime(end) >= timeoutSec) state = 'failed';
    }
  }
  return state;
}

/** How many of the last `count` blocks up to this one signal the bit. */
export function countSignals(end: HeaderNode, count: number, bit: number): number {
  let signals = 0;
  let at: HeaderNode | undefined = end;
  for (let left = count; at && left > 0; left--, at = at.parent) if (doesSignal(at.version, bit)) signals++;
  return signals;
}

export function doesSignal(version: number, bit: number): boolean {
  return (version & TOP_MASK) >>> 0 === TOP_BITS && ((version >>> bit) & 1) === 1;
}

/** The version of the block after `parent`: it signals every soft fork that is under way, until that is active. */
export function signallingVersion(parent: HeaderNode, { deployments }: NetworkParams): number {
  return deployments.reduce((version, deployment) => {
    const state = deploymentState(parent, deployment);
    return state === 'started' || state === 'locked_in' ? version | (1 << deployment.bit) : version;
  }, TOP_BITS);
}

/** The height of the last block of the last whole window; −1 if there is none. */
function lastWindowEnd(height: number, windowBlocks: number): number {
  return height - ((height + 1) % windowBlocks);
}
