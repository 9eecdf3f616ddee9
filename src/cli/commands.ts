import type { Command, CommandGroup } from './command.ts';
import { chainBalance } from './commands/chainBalance.ts';
import { chainBlock } from './commands/chainBlock.ts';
import { chainExport } from './commands/chainExport.ts';
import { chainImport } from './commands/chainImport.ts';
import { chainInfo } from './commands/chainInfo.ts';
import { chainTransaction } from './commands/chainTransaction.ts';
import { chainVerify } from './commands/chainVerify.ts';
import { completion } from './commands/completion.ts';
import { config } from './commands/config.ts';
import { devnet } from './commands/devnet.ts';
import { doctor } from './commands/doctor.ts';
import { explainBlock } from './commands/explainBlock.ts';
import { explainHeader } from './commands/explainHeader.ts';
import { explainTransaction } from './commands/explainTransaction.ts';
import { mineBenchmark } from './commands/mineBenchmark.ts';
import { mineStart } from './commands/mineStart.ts';
import { mineStatus } from './commands/mineStatus.ts';
import { mineStop } from './commands/mineStop.ts';
import { node } from './commands/node.ts';
import { peersAdd } from './commands/peersAdd.ts';
import { peersBan } from './commands/peersBan.ts';
import { peersList } from './commands/peersList.ts';
import { peersRemove } from './commands/peersRemove.ts';
import { rpc } from './commands/rpc.ts';
import { seed } from './commands/seed.ts';
import { status } from './commands/status.ts';
import { walletAbandon } from './commands/walletAbandon.ts';
import { walletAddress } from './commands/walletAddress.ts';
import { walletBackup } from './commands/walletBackup.ts';
import { walletBalance } from './commands/walletBalance.ts';
import { walletBump } from './commands/walletBump.ts';
import { walletCoins } from './commands/walletCoins.ts';
import { walletHistory } from './commands/walletHistory.ts';
import { walletLock } from './commands/walletLock.ts';
import { walletNew } from './commands/walletNew.ts';
import { walletPassphrase } from './commands/walletPassphrase.ts';
import { walletRescan } from './commands/walletRescan.ts';
import { walletRestore } from './commands/walletRestore.ts';
import { walletSend } from './commands/walletSend.ts';
import { walletSignMessage } from './commands/walletSignMessage.ts';
import { walletUnlock } from './commands/walletUnlock.ts';
import { walletVerifyMessage } from './commands/walletVerifyMessage.ts';
import { walletWatch } from './commands/walletWatch.ts';

/** What `indiecoin` alone does. */
export const DEFAULT_COMMAND = 'node';

export const COMMANDS: readonly Command[] = [node, seed, status, config, doctor, rpc, devnet, completion];

export const GROUPS: readonly CommandGroup[] = [
  {
    name: 'wallet',
    summary: 'your coins',
    commands: [
      walletNew,
      walletAddress,
      walletBalance,
      walletSend,
      walletHistory,
      walletCoins,
      walletBump,
      walletAbandon,
      walletBackup,
      walletRestore,
      walletPassphrase,
      walletUnlock,
      walletLock,
      walletWatch,
      walletRescan,
      walletSignMessage,
      walletVerifyMessage,
    ],
  },
  {
    name: 'chain',
    summary: 'the blocks',
    commands: [chainInfo, chainBlock, chainTransaction, chainBalance, chainImport, chainExport, chainVerify],
  },
  {
    name: 'explain',
    summary: 'how it works: bytes, rules and proofs of real data',
    commands: [explainBlock, explainTransaction, explainHeader],
  },
  {
    name: 'peers',
    summary: 'who the node is connected to',
    commands: [peersList, peersAdd, peersRemove, peersBan],
  },
  {
    name: 'mine',
    summary: 'look for blocks',
    commands: [mineStart, mineStop, mineStatus, mineBenchmark],
  },
];
