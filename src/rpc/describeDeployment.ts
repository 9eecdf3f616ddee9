import type { BlockNode } from '../chain/blockNode.ts';
import { countSignals, deploymentState } from '../consensus/versionBits.ts';
import type { Deployment } from '../params/networkParams.ts';

/** A soft fork as Bitcoin Core's getdeploymentinfo shows it: its state at the tip, and for the block after it. */
export function describeDeployment(tip: BlockNode, deployment: Deployment): Record<string, unknown> {
  const { bit, startTimeSec, timeoutSec, windowBlocks, threshold } = deployment;
  const status = tip.parent ? deploymentState(tip.parent, deployment) : 'defined';
  const next = deploymentState(tip, deployment);
  const elapsed = (tip.height % windowBlocks) + 1;
  const count = countSignals(tip, elapsed, bit);
  const isCounting = status === 'started' || status === 'locked_in';
  return {
    type: 'bip9',
    active: next === 'active',
    bip9: {
      ...(isCounting && { bit }),
      start_time: startTimeSec,
      timeout: timeoutSec,
      min_activation_height: 0,
      status,
      status_next: next,
      ...(isCounting && {
        statistics: {
          period: windowBlocks,
          elapsed,
          count,
          ...(status === 'started' && { threshold, possible: threshold - count <= windowBlocks - elapsed }),
        },
      }),
    },
  };
}
