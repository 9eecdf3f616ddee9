import type { Connection } from '@libp2p/interface';
import { type BlocksRequest, blocksProtocol, MAX_BLOCKS_ANSWER_BYTES } from '../../protocols/blocks.ts';
import { type HeadersRequest, headersProtocol, MAX_HEADERS } from '../../protocols/headers.ts';
import { MAX_TXIDS, mempoolProtocol, TXIDS_A_CHUNK } from '../../protocols/mempool.ts';
import { type PeersRequest, peersProtocol } from '../../protocols/peers.ts';
import { type NodeStatus, statusProtocol } from '../../protocols/status.ts';
import {
  MAX_TRANSACTIONS_ANSWER_BYTES,
  type TransactionsRequest,
  transactionsProtocol,
} from '../../protocols/transactions.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { AddressTable } from './addressTable.ts';
import type { Host } from './host.ts';
import { hostOf, isPrivateHost } from './peerAddress.ts';
import { AnswerError, type AnswerPart, type Gate, serve } from './serve.ts';

export type AnswerServices = Readonly<{
  chain: Chain;
  mempool: Mempool;
  table: AddressTable;
  ownStatus: () => NodeStatus;
  /** Somebody told us its status by asking for ours. */
  onStatus: (connection: Connection, status: NodeStatus) => void;
}>;

/** A block that was asked for; without a node when we do not have it. */
type WantedBlock = Readonly<{ name: string; node: BlockNode | undefined }>;

/** Bytes of blocks that are read with one call to the database. */
const READ_TOGETHER_BYTES = 1_000_000;

/** Answers all six protocols: what is said on each, and nothing of how it travels. */
export async function serveAll(
  host: Host,
  network: string,
  gate: Gate,
  services: AnswerServices,
): Promise<void> {
  const { chain, mempool, table } = services;
  await serve(host, network, statusProtocol, gate, (theirs, connection) => {
    services.onStatus(connection, theirs);
    return [{ items: [services.ownStatus()] }];
  });
  await serve(host, network, headersProtocol, gate, (question) => headers(chain, question));
  await serve(host, network, blocksProtocol, gate, (question) => blocks(chain, question));
  await serve(host, network, transactionsProtocol, gate, (question) => transactions(mempool, question));
  await serve(host, network, mempoolProtocol, gate, () => txids(mempool));
  await serve(host, network, peersProtocol, gate, (question, connection) => {
    const { remoteAddr, remotePeer } = connection;
    return addresses(table, question, hostOf(remoteAddr), remotePeer.toString());
  });
}

function headers(chain: Chain, { locator, stopHash }: HeadersRequest): AnswerPart<Uint8Array>[] {
  const nodes = chain.headersAfter(locator, stopHash, MAX_HEADERS);
  return nodes.length === 0 ? [] : [{ items: nodes.map(({ headerBytes }) => headerBytes) }];
}

async function* blocks(chain: Chain, question: BlocksRequest): AsyncGenerator<AnswerPart<Uint8Array>> {
  for (const group of groupsToRead(wantedBlocks(chain, question))) {
    const bodies = await chain.readBlocks(group.flatMap(({ node }) => node ?? []));
    let at = 0;
    for (const { name, node } of group) {
      // Also undefined when it was pruned since it was found.
      const body = node && bodies[at++];
      yield body === undefined ? { missing: `no block ${name}` } : { items: [body] };
    }
  }
}

/** What fits into the answer, in parts that are read together: few calls to the database, and little memory. */
function* groupsToRead(wanted: readonly WantedBlock[]): Generator<WantedBlock[]> {
  let total = 0;
  let group: WantedBlock[] = [];
  let groupBytes = 0;
  for (const block of wanted) {
    const bytes = block.node?.bodyBytes ?? 0;
    total += bytes;
    if (total > MAX_BLOCKS_ANSWER_BYTES) break;
    if (groupBytes + bytes > READ_TOGETHER_BYTES && group.length > 0) {
      yield group;
      group = [];
      groupBytes = 0;
    }
    group.push(block);
    groupBytes += bytes;
  }
  if (group.length > 0) yield group;
}

/**
 * By hash only blocks that are, or were, part of a valid chain of ours count as known: a stored one that was never
 * connected may yet turn out invalid, and whoever gets it from us would blame us.
 */
function wantedBlocks(chain: Chain, question: BlocksRequest): WantedBlock[] {
  if (question.by === 'hash') {
    return question.hashes.map((hash) => {
      const name = hashToHex(hash);
      const node = chain.node(name);
      const isThere = node?.hasBody === true && wasConnected(chain, node);
      return { name, node: isThere ? node : undefined };
    });
  }
  const { firstHeight, count } = question;
  if (chain.nodeAt(firstHeight) === undefined) {
    throw new AnswerError('NOT_FOUND', `the chain ends at height ${chain.tip.height}`);
  }
  const wanted: WantedBlock[] = [];
  for (let height = firstHeight; height < firstHeight + count; height++) {
    const node = chain.nodeAt(height);
    if (node === undefined) break;
    wanted.push({ name: node.hash, node: node.hasBody ? node : undefined });
  }
  return wanted;
}

function wasConnected(chain: Chain, node: BlockNode): boolean {
  return chain.isActive(node) || (node.wasConnected && !node.isInvalid);
}

function* transactions(mempool: Mempool, question: TransactionsRequest): Generator<AnswerPart<Uint8Array>> {
  let total = 0;
  for (const hash of question.hashes) {
    const entry = mempool.get(hashToHex(hash));
    if (entry === undefined) continue;
    total += entry.transaction.bytes.length;
    if (total > MAX_TRANSACTIONS_ANSWER_BYTES) return;
    yield { items: [entry.transaction.bytes] };
  }
}

function* txids(mempool: Mempool): Generator<AnswerPart<Uint8Array>> {
  const entries = mempool.byFeeRate().slice(0, MAX_TXIDS);
  for (let at = 0; at < entries.length; at += TXIDS_A_CHUNK) {
    yield { items: entries.slice(at, at + TXIDS_A_CHUNK).map(({ transaction }) => transaction.hash) };
  }
}

function addresses(
  table: AddressTable,
  { max }: PeersRequest,
  askerHost: string,
  askerId: string,
): AnswerPart<{ multiaddr: string; lastSeenSec: number }>[] {
  const peers = table.share(max, {
    toPrivate: isPrivateHost(askerHost),
    except: askerId,
    nowSec: Math.floor(Date.now() / 1000),
  });
  if (peers.length === 0) return [];
  return [
    { items: peers.map(({ address, succeededSec }) => ({ multiaddr: address, lastSeenSec: succeededSec })) },
  ];
}
