import { hashToHex } from '../bytes/hex.ts';
import { sha256d } from '../bytes/sha256.ts';
import type { BlockVerdict } from '../chain/blockVerdict.ts';
import type { Chain } from '../chain/chain.ts';
import { type FramedBlock, readBlockFile } from '../node/blockFile.ts';
import { HEADER_BYTES } from '../primitives/header.ts';

export type ImportResult = {
  /** Blocks in the file. */
  blocks: number;
  connected: number;
  known: number;
  /** Kept, but not on the best chain, or without their parents. */
  aside: number;
  /** The first of them. */
  refused: { hash: string; reason: string }[];
  refusedCount: number;
  /** The file ends within a block: a copy of it was not finished. */
  cutOff: boolean;
};

/** Blocks on their way at once: the chain commits together what waits together. */
const MAX_WAITING_BLOCKS = 1024;
const MAX_WAITING_BYTES = 8_000_000;
/** A file of another chain would make a report as long as itself. */
const MAX_REPORTED = 1000;

/** Puts the blocks of a file through the one door for blocks. @param onProgress gets the bytes read and the height */
export async function importBlocks(
  chain: Chain,
  path: string,
  options: { signal: AbortSignal; onProgress: (bytes: number, height: number) => void },
): Promise<ImportResult> {
  const result: ImportResult = {
    blocks: 0,
    connected: 0,
    known: 0,
    aside: 0,
    refused: [],
    refusedCount: 0,
    cutOff: false,
  };
  const waiting: { framed: FramedBlock; hash: string; verdict: Promise<BlockVerdict> }[] = [];
  let waitingBytes = 0;
  const settleFirst = async () => {
    const { framed, hash, verdict } = waiting.shift()!;
    waitingBytes -= framed.bytes.length;
    count(result, hash, await verdict);
    options.onProgress(framed.endsAt, chain.tip.height);
  };
  const onCutOff = () => {
    result.cutOff = true;
  };
  for await (const framed of readBlockFile(path, chain.params, onCutOff)) {
    if (options.signal.aborted) break;
    result.blocks++;
    const submitted = submit(chain, framed.bytes);
    if (submitted === undefined) {
      refuse(result, '', `block ${result.blocks} of the file cannot be decoded`);
      continue;
    }
    waiting.push({ framed, ...submitted });
    waitingBytes += framed.bytes.length;
    while (waiting.length >= MAX_WAITING_BLOCKS || waitingBytes > MAX_WAITING_BYTES) await settleFirst();
  }
  while (waiting.length > 0) await settleFirst();
  return result;
}

/** Undefined for bytes that are not even a header. */
function submit(
  chain: Chain,
  bytes: Uint8Array,
): { hash: string; verdict: Promise<BlockVerdict> } | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const verdict = chain.acceptBlock(bytes, { requested: true, source: 'import' });
  // Awaited in its turn; until then a failure must not count as unhandled.
  verdict.catch(() => undefined);
  return { hash: hashToHex(sha256d(bytes.subarray(0, HEADER_BYTES))), verdict };
}

function count(result: ImportResult, hash: string, verdict: BlockVerdict): void {
  switch (verdict.status) {
    case 'connected':
      result.connected++;
      return;
    case 'known':
      result.known++;
      return;
    case 'stored':
    case 'orphan':
      result.aside++;
      return;
    case 'held':
    case 'unwanted':
      refuse(result, hash, verdict.status === 'held' ? 'time-too-new' : 'too little work');
      return;
    case 'undecodable':
      refuse(result, hash, `cannot be decoded: ${verdict.reason}`);
      return;
    case 'rejected':
      refuse(result, hash, verdict.rejection.code);
  }
}

function refuse(result: ImportResult, hash: string, reason: string): void {
  result.refusedCount++;
  if (result.refused.length < MAX_REPORTED) result.refused.push({ hash, reason });
}
