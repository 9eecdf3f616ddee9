import type { Chain } from '../chain/chain.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import { MAX_CLOCK_OFFSET_SEC } from '../network/clockOffset.ts';
import type { Network } from '../network/network.ts';
import type { DiskSpace } from '../store/diskSpace.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { UpgradeWatch } from './upgradeWatch.ts';

/** A tip this many block spacings old is worth a word. */
const OLD_TIP_SPACINGS = 12;

/** What the owner should know, as sentences. */
export function warningsOf(parts: {
  chain: Chain;
  network: Network;
  verifyPool: VerifyPool;
  upgradeWatch: UpgradeWatch;
  diskSpace: DiskSpace;
  wallet: Wallet;
}): string[] {
  const { chain, network, verifyPool, upgradeWatch, diskSpace, wallet } = parts;
  const warnings = upgradeWatch.warnings();
  const lowSpace = diskSpace.warning();
  if (lowSpace !== undefined) warnings.unshift(lowSpace);
  if (verifyPool.engine !== 'native') {
    warnings.push('Signatures are verified by the slower fallback engine: the native one did not load.');
  }
  const state = network.state();
  if (state === 'isolated') warnings.push('All peers are lost. The node keeps trying to reach them.');
  const offsetSec = network.clockOffsetSec() ?? 0;
  if (Math.abs(offsetSec) > MAX_CLOCK_OFFSET_SEC) {
    const minutes = Math.round(Math.abs(offsetSec) / 60);
    warnings.push(
      `The clock of this machine is ${minutes} minutes ${offsetSec > 0 ? 'behind' : 'ahead of'} those of its peers: set it right (timedatectl set-ntp true on Linux). Blocks and payments are judged by it.`,
    );
  }
  const unserved = network.unserved();
  if (unserved) {
    warnings.push(
      `Block ${unserved.height} is needed next, and no peer has it: the blocks before height ${unserved.lowestHeight} were pruned by all ${unserved.peers}. The node waits for a peer that has all blocks; \`indiecoin peers add\` names one.`,
    );
  }
  if (wallet.problem !== undefined) warnings.push(wallet.problem);
  const ageSec = Date.now() / 1000 - chain.tip.timeSec;
  if (state === 'running' && ageSec > OLD_TIP_SPACINGS * chain.params.spacingSec) {
    warnings.push(`The newest block is ${Math.round(ageSec / 3600)} hours old: is anyone mining?`);
  }
  return warnings;
}
