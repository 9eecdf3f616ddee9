import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import { decodeBlock } from '../primitives/block.ts';
import { toCoins } from './amounts.ts';
import { describeDeployments } from './describeDeployment.ts';
import { bitsHex, describeHeader, difficultyOf, targetHex, workHex } from './describeHeader.ts';
import { describeTransaction } from './describeTransaction.ts';
import type { NodeServices } from './nodeServices.ts';
import { findNode, flag, text, verbosity, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { feeOf, spentCoinsOf } from './spentCoins.ts';

const theme = 'Blockchain';
const EXAMPLE_HASH = '<block hash>';
/** Bitcoin's names for its networks. */
const CHAIN_NAMES: Readonly<Record<string, string>> = { mainnet: 'main', testnet: 'test' };

export const blockchainMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getblockchaininfo',
    theme,
    summary: 'The state of the chain.',
    example: 'indiecoin rpc getblockchaininfo',
    parameters: {},
    run: describeBlockchain,
  }),
  rpcMethod({
    name: 'getdeploymentinfo',
    theme,
    summary: 'The soft forks that this node knows, and how far each is at the tip or at another block.',
    example: 'indiecoin rpc getdeploymentinfo',
    parameters: { blockhash: text.optional() },
    run: (services, { blockhash }) => {
      const { tip } = services.chain;
      const node = blockhash === undefined ? tip : findNode(services, blockhash, 'blockhash');
      const deployments = describeDeployments(node, services.params.deployments);
      return { hash: node.hash, height: node.height, deployments };
    },
  }),
  rpcMethod({
    name: 'getblockcount',
    theme,
    summary: 'The height of the tip.',
    example: 'indiecoin rpc getblockcount',
    parameters: {},
    run: ({ chain }) => chain.tip.height,
  }),
  rpcMethod({
    name: 'getbestblockhash',
    theme,
    summary: 'The hash of the tip.',
    example: 'indiecoin rpc getbestblockhash',
    parameters: {},
    run: ({ chain }) => chain.tip.hash,
  }),
  rpcMethod({
    name: 'getblockhash',
    theme,
    summary: 'The hash of the block at a height.',
    example: 'indiecoin rpc getblockhash 0',
    parameters: { height: whole },
    run: ({ chain }, { height }) => {
      const node = chain.nodeAt(height);
      if (node === undefined) throw new RpcError(RPC_ERROR.invalidParameter, 'Block height out of range');
      return node.hash;
    },
  }),
  rpcMethod({
    name: 'getblockheader',
    theme,
    summary: 'A header by its hash: fields, or its 80 bytes in hex when verbose is false.',
    example: `indiecoin rpc getblockheader ${EXAMPLE_HASH}`,
    parameters: { blockhash: text, verbose: flag.default(true) },
    run: (services, { blockhash, verbose }) => {
      const node = findNode(services, blockhash, 'hash');
      return verbose ? describeHeader(services.chain, node) : bytesToHex(node.headerBytes);
    },
  }),
  rpcMethod({
    name: 'getblock',
    theme,
    summary:
      'A block by its hash: 0 its bytes in hex, 1 fields and txids, 2 with whole transactions, 3 and with the coins that they spend.',
    example: `indiecoin rpc getblock ${EXAMPLE_HASH} 2`,
    parameters: { blockhash: text, verbosity: verbosity.default(1) },
    run: describeBlock,
  }),
  rpcMethod({
    name: 'pruneblockchain',
    theme,
    summary:
      'Deletes the blocks up to a height, but none of the newest 288. The height of the last one that is gone.',
    example: 'indiecoin rpc pruneblockchain 1000',
    parameters: { height: whole },
    run: (services, { height }) => pruneBlocks(services, height),
  }),
  rpcMethod({
    name: 'getchaintips',
    theme,
    summary: 'The ends of all branches.',
    example: 'indiecoin rpc getchaintips',
    parameters: {},
    run: describeTips,
  }),
];

function describeBlockchain({ chain, params, warnings }: NodeServices): Record<string, unknown> {
  const { tip, bestHeader } = chain;
  const isBehind = isSyncing(chain.tip, bestHeader);
  return {
    chain: CHAIN_NAMES[params.name] ?? params.name,
    blocks: tip.height,
    headers: bestHeader.height,
    bestblockhash: tip.hash,
    bits: bitsHex(tip.bits),
    target: targetHex(tip.bits),
    difficulty: difficultyOf(tip.bits),
    time: tip.timeSec,
    mediantime: chain.medianTime(tip),
    verificationprogress: bestHeader.height === 0 ? 1 : Math.min(1, tip.height / bestHeader.height),
    initialblockdownload: isBehind,
    chainwork: workHex(tip.chainWork),
    size_on_disk: chain.storedBytes,
    ...describePruning(chain),
    // Bitcoin Core moved it to getdeploymentinfo; programs made for older ones look for it here.
    softforks: describeDeployments(tip, params.deployments),
    warnings: warnings(),
  };
}

function describePruning({ pruning, lowestHeight }: NodeServices['chain']): Record<string, unknown> {
  if (pruning === undefined) return { pruned: false };
  const { targetBytes } = pruning;
  return {
    pruned: true,
    pruneheight: lowestHeight,
    automatic_pruning: targetBytes !== undefined,
    ...(targetBytes !== undefined && { prune_target_size: targetBytes }),
  };
}

async function pruneBlocks({ chain }: NodeServices, height: number): Promise<number> {
  if (chain.pruning === undefined) {
    throw new RpcError(RPC_ERROR.misc, 'Cannot prune blocks because node is not in prune mode.');
  }
  if (height < 0) throw new RpcError(RPC_ERROR.invalidParameter, 'Negative block height.');
  if (height > chain.tip.height) {
    const message = 'Blockchain is shorter than the attempted prune height.';
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  // The last that is gone, as in Bitcoin Core; -1 when none is.
  return (await chain.pruneTo(height + 1)) - 1;
}

/** More than a day behind the best header counts as the first download, as it does in Bitcoin Core. */
function isSyncing(tip: BlockNode, bestHeader: BlockNode): boolean {
  return bestHeader.timeSec - tip.timeSec > 24 * 3600;
}

async function describeBlock(
  services: NodeServices,
  given: { blockhash: string; verbosity: number },
): Promise<string | Record<string, unknown>> {
  const { chain, params } = services;
  const node = findNode(services, given.blockhash, 'blockhash');
  const bytes = await chain.readBlock(node.hash);
  if (bytes === undefined) {
    const why = node.isPruned ? 'pruned data' : 'not fully downloaded';
    throw new RpcError(RPC_ERROR.misc, `Block not available (${why})`);
  }
  if (given.verbosity <= 0) return bytesToHex(bytes);
  const block = decodeBlock(bytes);
  const { nTx, previousblockhash, nextblockhash, ...header } = describeHeader(chain, node);
  const spent = given.verbosity >= 2 ? await spentCoinsOf(services, node, block) : [];
  const tx = block.transactions.map((transaction, i) => {
    if (given.verbosity === 1) return hashToHex(transaction.hash);
    const coins = spent[i];
    return {
      ...describeTransaction(transaction, params, given.verbosity >= 3 ? coins : undefined),
      ...(coins && { fee: toCoins(feeOf(transaction, coins)) }),
      hex: bytesToHex(transaction.bytes),
    };
  });
  const weight = bytes.length * 4;
  // In Bitcoin Core's order, which some people read.
  return {
    ...header,
    nTx,
    ...(previousblockhash !== undefined && { previousblockhash }),
    ...(nextblockhash !== undefined && { nextblockhash }),
    strippedsize: bytes.length,
    size: bytes.length,
    weight,
    tx,
  };
}

function describeTips({ chain }: NodeServices): Record<string, unknown>[] {
  const parents = new Set<BlockNode>();
  for (const { parent } of chain.nodes()) if (parent !== undefined) parents.add(parent);
  const tips = [...chain.nodes()].filter((node) => !parents.has(node) || node === chain.tip);
  tips.sort((a, b) => b.height - a.height);
  return tips.map((node) => {
    let fork = node;
    while (!chain.isActive(fork)) fork = fork.parent!;
    return {
      height: node.height,
      hash: node.hash,
      branchlen: node.height - fork.height,
      status: statusOf(node),
    };
  });

  function statusOf(node: BlockNode): string {
    if (node === chain.tip) return 'active';
    if (node.isInvalid) return 'invalid';
    if (!node.hadBody) return 'headers-only';
    return node.wasConnected ? 'valid-fork' : 'valid-headers';
  }
}
