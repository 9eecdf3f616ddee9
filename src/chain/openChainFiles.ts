import { breathe } from '../bytes/breathe.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { decodeHeader } from '../primitives/header.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { BlockStore } from '../store/blockStore.ts';
import { ChainStore } from '../store/chainStore.ts';
import type { DiskSpace } from '../store/diskSpace.ts';
import type { HeaderCopy, HeaderToCopy } from '../store/headerFile.ts';
import { DatabaseDamagedError } from '../store/storeErrors.ts';
import { type BlockNode, nodeHeaderOf } from './blockNode.ts';
import { BlockTree } from './blockTree.ts';
import { ChainState } from './chainState.ts';
import type { PruneOptions } from './pruner.ts';

export type ChainOptions = Readonly<{
  /** The folder that holds the databases; made if it is not there. */
  dataDir: string;
  params: NetworkParams;
  verifyPool: VerifyPool;
  /** Whether transactions of the active chain can be found by id. On by default. */
  transactionIndex?: boolean;
  /** Deletes the oldest blocks. Only a chain without a transaction index may: the index points into them. */
  prune?: PruneOptions | undefined;
  clockSec?: () => number;
  /** Called when the databases are open, and so locked against others, before their contents are loaded. */
  onLocked?: () => Promise<void>;
  /** Says of a transaction whether its signatures were verified before, on its way into the mempool. */
  isVerified?: (transaction: Transaction) => boolean;
  /** Bytes of changes, about, that one commit gathers while more blocks wait: the less, the less memory, and the slower. */
  commitBytes?: number;
  /** Asked before every commit whether there is room for it. */
  diskSpace?: DiskSpace;
  /** Called once when writing has failed and the chain takes nothing more: the node has to stop. */
  onFatal?: (error: Error) => void;
}>;

export type ChainFiles = Readonly<{
  tree: BlockTree;
  store: ChainStore;
  blocks: BlockStore;
  state: ChainState;
  hasTransactionIndex: boolean;
  /** Forces to disk what was written: the bodies before the commits that mention them. */
  sync(): Promise<void>;
  /** @param isWhole whether all that memory knows was written: only then the close counts as a clean one */
  close(isWhole: boolean): Promise<void>;
}>;

/** Opens the databases and rebuilds in memory what they hold. */
export async function openChainFiles(options: ChainOptions): Promise<ChainFiles> {
  const { dataDir, params, verifyPool, isVerified = () => false } = options;
  const hasTransactionIndex = options.transactionIndex ?? true;
  const store = await ChainStore.open(dataDir, params);
  try {
    const blocks = await BlockStore.open(dataDir);
    try {
      await options.onLocked?.();
      const tree = new BlockTree(params);
      await loadTree(tree, store, blocks);
      const tip = activeTip(tree, store);
      tree.settleLoaded(tip);
      const { diskSpace } = options;
      const parts = { params, store, blocks, tree, verifyPool, hasTransactionIndex, isVerified, diskSpace };
      const sync = async () => {
        await blocks.sync();
        await store.sync();
      };
      const close = async (isWhole: boolean) => {
        try {
          if (isWhole) {
            await blocks.sync();
            await store.markClean();
            if (!tree.hasChanges) await store.copyHeaders(headersToCopy(tree));
          }
        } finally {
          // Where writing fails, the locks are still to be let go.
          await blocks.close();
          await store.close();
        }
      };
      return { tree, store, blocks, state: new ChainState(parts, tip), hasTransactionIndex, sync, close };
    } catch (error) {
      await blocks.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function loadTree(tree: BlockTree, store: ChainStore, blocks: BlockStore): Promise<void> {
  const copies = await store.copiedHeaders();
  if (copies === undefined) await loadRecords(tree, store, blocks);
  else await loadCopies(tree, copies, blocks);
}

/** After a clean close: 100,000 headers in a fifth of a second. */
async function loadCopies(
  tree: BlockTree,
  copies: Iterable<readonly HeaderCopy[]>,
  blocks: BlockStore,
): Promise<void> {
  const nodes = [tree.genesis];
  for (const group of copies) {
    for (const { parent, header, known } of group) {
      blocks.expect(Math.max(known.bodyId, known.undoId));
      nodes.push(tree.load(header, nodes[parent]!, known));
    }
    await breathe();
  }
}

async function loadRecords(tree: BlockTree, store: ChainStore, blocks: BlockStore): Promise<void> {
  for await (const group of store.headers()) {
    for (const record of group) {
      const header = decodeHeader(record.headerBytes);
      const parent = tree.get(hashToHex(header.previousHash));
      if (!parent) {
        throw new DatabaseDamagedError(`chain: the parent of header ${hashToHex(header.hash)} is missing`);
      }
      blocks.expect(Math.max(record.bodyId, record.undoId));
      tree.load(nodeHeaderOf(header), parent, record);
    }
    await breathe();
  }
}

/** All but the genesis block's, which is in the network's parameters, with the place of their parents among them. */
function* headersToCopy(tree: BlockTree): Generator<HeaderToCopy> {
  const places = new Map<BlockNode, number>();
  for (const node of tree.nodes()) {
    places.set(node, places.size);
    if (node.parent) yield { parent: places.get(node.parent)!, hash: node.hash, record: node };
  }
}

function activeTip(tree: BlockTree, store: ChainStore): BlockNode {
  const tip = tree.get(hashToHex(store.tip));
  if (!tip || tip.linkedOrder === 0) {
    throw new DatabaseDamagedError(`chain: the blocks up to the tip ${hashToHex(store.tip)} are incomplete`);
  }
  // A marked block in the active chain would be undone at the first chance, and again after each restart.
  if (tip.isInvalid) throw new DatabaseDamagedError(`chain: the tip ${tip.hash} is marked invalid`);
  return tip;
}
