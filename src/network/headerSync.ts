import type { Logger } from 'pino';
import { headersProtocol, MAX_HEADERS, MAX_LOCATOR_HASHES } from '../../protocols/headers.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { hashToHex } from '../bytes/hex.ts';
import { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { HeaderPreview, type PreviewResult } from '../chain/headerPreview.ts';
import { ancestorAt } from '../consensus/headerNode.ts';
import { costOf } from '../consensus/verdict.ts';
import { type BlockHeader, decodeHeader } from '../primitives/header.ts';
import type { Conversation } from './conversation.ts';
import { hasHeaderRoom, headersAhead } from './headerRoom.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peerTable.ts';

/** Patience with a peer that sends nothing; others are asked long before. */
const ANSWER_MS = 4000;
/** The whole of an answer, 180 KB at most: a trickle is no answer. */
const WHOLE_ANSWER_MS = 12_000;
/**
 * Headers held in memory, of a peer that is asked, before they have shown enough work to be stored: two years of blocks in
 * 16 MB. What one holds is no reason to leave another off.
 */
export const MAX_PREVIEWED = 200_000;
/** A chain may fork off so many blocks below our tip before it must show the work for it. */
const FORGIVEN_BLOCKS = 144n;
/** Answers in a row that do not go on where the last one ended: once may be a reorganization. */
const FREE_DETOURS = 1;
/** For headers that do not follow what was asked with. */
const UNCONNECTED_POINTS = 20;
/** For headers of which one does not follow the one before: no chain of anybody looks like that. */
const BROKEN_RUN_POINTS = 100;

export type HeaderSyncOptions = Readonly<{
  chain: Chain;
  peers: PeerTable;
  conversation: Conversation;
  signal: AbortSignal;
  log: Logger;
  /** An answer came, whatever is in it. */
  onAnswer: () => void;
  /** New headers are stored: their blocks can be fetched. */
  onHeaders: () => void;
}>;

/** What a peer's headers have shown. */
export type ShownChain = Readonly<{
  chainWork: bigint;
  /** The end, when that is stored. */
  node: BlockNode | undefined;
  /** What it claimed when it was asked. */
  claimedWork: bigint;
  /** Whether this is all that it has: there was no reason to stop before its end. */
  isWhole: boolean;
  /** Whether it goes on with a header that we will not have for a reason of ours: our clock, or our owner's word. */
  isRefused: boolean;
  /** Whether there may well be more, and we have stopped for a reason of ours: its claim stands. */
  isCut: boolean;
}>;

/**
 * Walks one peer's header chain to its end. Nothing is stored before the chain has shown enough work: headers at the
 * easiest target cost an attacker little, and would fill our memory and disk.
 * @returns how far the peer's chain goes, or undefined when it did not answer or broke a rule.
 */
export async function syncHeaders(peer: Peer, options: HeaderSyncOptions): Promise<ShownChain | undefined> {
  const { chain, peers, log } = options;
  const claimedWork = peer.status?.chainWork ?? 0n;
  const known = chain.bestHeader;
  const base = chain.locator(chain.bestHeader);
  /** Seen and not stored yet. */
  let preview = new HeaderPreview();
  let last: HeaderPreview | BlockNode | undefined;
  let count = 0;
  let isWhole = false;
  let isRefused = false;
  let isCut = false;
  while (true) {
    // Blocks came meanwhile, and our tip may have left behind what was enough when it was stored.
    const enough = workNeeded(chain);
    const locator = [...(last ? [last.hashBytes] : []), ...base].slice(0, MAX_LOCATOR_HASHES);
    const headers = await ask(peer, locator, options);
    if (headers === undefined) return undefined;
    isWhole = headers.length < MAX_HEADERS;
    if (headers.length === 0) break;
    if (!isRun(headers)) {
      peers.punish(peer.id, BROKEN_RUN_POINTS, 'headers/1: they do not follow one another');
      return undefined;
    }
    // An answer that does not go on where the last one ended comes after a reorganization, or would go round in circles.
    if (last !== undefined && !equalBytes(headers[0]!.previousHash, last.hashBytes)) {
      if (++peer.detours > FREE_DETOURS) return undefined;
      isWhole = false;
      break;
    }
    const isStored = last instanceof BlockNode;
    const parent = last ?? chain.node(hashToHex(headers[0]!.previousHash));
    const before = parent instanceof BlockNode ? parent : undefined;
    const isNew = chain.node(hashToHex(headers.at(-1)!.hash)) === undefined;
    isCut =
      (isNew && !hasHeaderRoom(chain, peers, peer)) ||
      (before !== undefined &&
        (before.height >= chain.tip.height + headersAhead(chain, before.chainWork) ||
          (isStored && before.chainWork < enough)));
    if (isCut) {
      last = before ?? last;
      isWhole = false;
      break;
    }
    const countBefore = chain.headerCount;
    const { taken, failure, node }: Taken = isStored
      ? store(headers, chain)
      : chain.previewHeaders(headers, preview);
    isRefused = failure !== undefined && 'rejection' in failure && costOf(failure.rejection) === 0;
    if (failure !== undefined && !isRefused) {
      blame(peers, peer, failure);
      return undefined;
    }
    if (isRefused) isWhole = true;
    if (taken === 0) break;
    last = node ?? preview;
    count += taken;
    if (last === preview && last.chainWork >= enough) {
      for (const run of preview.runs()) if (!('nodes' in chain.acceptHeaders(run))) return undefined;
      last = chain.node(preview.hash)!;
      preview = new HeaderPreview();
    }
    if (chain.headerCount > countBefore) options.onHeaders();
    // Beyond its claim it may be making them as we ask; what is real will be told by its next status.
    if (isWhole || last.chainWork >= claimedWork) break;
    if (preview.length >= MAX_PREVIEWED) break;
  }
  if (isWhole) peer.detours = 0;
  if (preview.length > 0)
    log.info({ peer: peer.id, headers: count }, 'headers with too little work: not stored');
  if (last !== undefined)
    return { chainWork: last.chainWork, node: chain.node(last.hash), claimedWork, isWhole, isRefused, isCut };
  const node = partOfOurs(peer, claimedWork, known, chain);
  const chainWork = claimedWork < node.chainWork ? claimedWork : node.chainWork;
  return { chainWork, node, claimedWork, isWhole, isRefused, isCut };
}

type Taken = PreviewResult & { node?: BlockNode | undefined };

function store(headers: readonly BlockHeader[], chain: Chain): Taken {
  const result = chain.acceptHeaders(headers);
  if ('nodes' in result) return { taken: result.nodes.length, node: result.nodes.at(-1) };
  const before = 'before' in result ? result.before : [];
  return { taken: before.length, node: before.at(-1), failure: result };
}

/** Where a peer is that has shown nothing new: its chain is a part of the one that we asked with, whatever it claims. */
function partOfOurs(peer: Peer, claimedWork: bigint, best: BlockNode, { tip }: Chain): BlockNode {
  if (claimedWork >= best.chainWork) return best;
  const node = peer.height <= best.height ? ancestorAt(best, peer.height) : undefined;
  return node?.chainWork === claimedWork ? node : tip;
}

/** One answer, or undefined when there was none, or none in time. */
async function ask(
  peer: Peer,
  locator: readonly Uint8Array[],
  { conversation, onAnswer, signal }: HeaderSyncOptions,
): Promise<BlockHeader[] | undefined> {
  const answer = await conversation.askAll(
    peer,
    headersProtocol,
    { locator, stopHash: undefined },
    { chunkTimeoutMs: ANSWER_MS, wholeTimeoutMs: WHOLE_ANSWER_MS, signals: [signal] },
  );
  if (answer !== undefined) onAnswer();
  return answer?.map(decodeHeader);
}

/** What a header chain must show: the network's minimum, and our tip's work less 144 blocks like our tip. */
export function workNeeded(chain: Chain): bigint {
  const { tip } = chain;
  const tipBlockWork = tip.chainWork - (tip.parent?.chainWork ?? 0n);
  const nearTip = tip.chainWork - FORGIVEN_BLOCKS * tipBlockWork;
  const { minimumChainWork } = chain.params;
  return nearTip > minimumChainWork ? nearTip : minimumChainWork;
}

function isRun(headers: readonly BlockHeader[]): boolean {
  return headers.every((header, i) => i === 0 || equalBytes(header.previousHash, headers[i - 1]!.hash));
}

function blame(peers: PeerTable, peer: Peer, result: NonNullable<PreviewResult['failure']>): void {
  if ('missing' in result) {
    peers.punish(peer.id, UNCONNECTED_POINTS, `headers/1: they follow the unknown ${result.missing}`);
    return;
  }
  peers.punishForRejected(peer.id, 'headers/1', result.rejection);
}
