import type { BlockNode } from '../chain/blockNode.ts';
import type { HeaderNode } from '../consensus/headerNode.ts';
import { countSignals, deploymentSince, deploymentState, doesSignal } from '../consensus/versionBits.ts';
import type { Deployment } from '../params/networkParams.ts';

/** The soft forks of a network, by name, as of this block. */
export function describeDeployments(
  node: BlockNode,
  deployments: readonly Deployment[],
): Record<string, unknown> {
  return Object.fromEntries(deployments.map((it) => [it.name, describeDeployment(node, it)]));
}

/** A soft fork as Bitcoin Core's getdeploymentinfo shows it: its state at this block, and for the one after it. */
function describeDeployment(node: BlockNode, deployment: Deployment): Record<string, unknown> {
  const { bit, startTimeSec, timeoutSec, windowBlocks } = deployment;
  const status = node.parent ? deploymentState(node.parent, deployment) : 'defined';
  const next = deploymentState(node, deployment);
  const isCounting = status === 'started' || status === 'locked_in';
  const elapsed = (node.height % windowBlocks) + 1;
  return {
    type: 'bip9',
    ...(next === 'active' && { height: deploymentSince(node, deployment) }),
    active: next === 'active',
    bip9: {
      ...(isCounting && { bit }),
      start_time: startTimeSec,
      timeout: timeoutSec,
      min_activation_height: 0,
      status,
      since: node.parent ? deploymentSince(node.parent, deployment) : 0,
      status_next: next,
      ...(isCounting && {
        statistics: describeWindow(node, elapsed, deployment, status === 'started'),
        signalling: signalsOf(node, elapsed, bit),
      }),
    },
  };
}

function describeWindow(
  node: HeaderNode,
  elapsed: number,
  { bit, windowBlocks, threshold }: Deployment,
  isOpen: boolean,
): Record<string, unknown> {
  const count = countSignals(node, elapsed, bit);
  return {
    period: windowBlocks,
    elapsed,
    count,
    ...(isOpen && { threshold, possible: threshold - count <= windowBlocks - elapsed }),
  };
}

/** The blocks of the window so far, oldest first: # for one that signals, - for one that does not. */
function signalsOf(node: HeaderNode, elapsed: number, bit: number): string {
  const marks: string[] = [];
  let at: HeaderNode | undefined = node;
  for (; at && marks.length < elapsed; at = at.parent) marks.push(doesSignal(at.version, bit) ? '#' : '-');
  return marks.reverse().join('');
}
