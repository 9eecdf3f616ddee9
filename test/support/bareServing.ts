import { MAX_HEADERS } from '../../protocols/headers.ts';
import { hashToHex } from '../../src/bytes/hex.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { BlockHeader } from '../../src/primitives/header.ts';
import { type BareNode, chunk, end, NOT_FOUND } from './bareNode.ts';
import { REGTEST_BITS, solve } from './blocks.ts';
import { bytesOf, field, parseFields } from './wire.ts';

/** An answer stops before it. */
const MAX_ANSWER_BYTES = 8_000_000;

/** What a bare node claims when it has this chain: at regtest's difficulty a block stands for two hashes. */
export function claim(bare: BareNode, blocks: readonly Block[], height = blocks.length): void {
  const work = Buffer.from((2 * (height + 1)).toString(16).padStart(8, '0'), 'hex');
  bare.status = { ...bare.status, height, tip: blocks.at(-1)!.header.hash, work };
}

/** Answers `headers/1` as a node with this chain does. */
export function serveHeaders(bare: BareNode, blocks: readonly Block[]): Promise<void> {
  return bare.answer('headers/1', (request) => {
    const locator = bytesOf(parseFields(request), 1).map((hash) => hash.toString('hex'));
    const known = blocks.findLastIndex(({ header }) =>
      locator.includes(Buffer.from(header.hash).toString('hex')),
    );
    const following = blocks.slice(known + 1, known + 2001);
    if (following.length === 0) return [end(0)];
    return [
      chunk(Buffer.concat(following.map(({ header }) => field(1, header.bytes)))),
      end(following.length),
    ];
  });
}

/** Answers `blocks/1` with what `pick` makes of each block that is asked for; undefined for one that is not there. */
export function serveBlocks(
  bare: BareNode,
  blocks: readonly Block[],
  pick: (block: Block) => Uint8Array | undefined | Promise<Uint8Array> = ({ bytes }) => bytes,
): Promise<void> {
  const byHash = new Map(blocks.map((block) => [Buffer.from(block.header.hash).toString('hex'), block]));
  return bare.answer('blocks/1', async (request) => {
    const parts: Buffer[] = [];
    let count = 0;
    let total = 0;
    for (const hash of bytesOf(parseFields(request), 1)) {
      const block = byHash.get(hash.toString('hex'));
      const bytes = block && (await pick(block));
      total += bytes?.length ?? 0;
      if (total > MAX_ANSWER_BYTES) break;
      if (bytes === undefined) parts.push(field(1, NOT_FOUND));
      else {
        parts.push(chunk(bytes));
        count++;
      }
    }
    return [...parts, end(count)];
  });
}

/** Headers without blocks, which are made when they are asked for: of all who show them in this process. */
const endlessPages: BlockHeader[][] = [];

function makeEndlessPage(): BlockHeader[] {
  let last = endlessPages.at(-1)?.at(-1) ?? regtest.genesis.header;
  return Array.from({ length: MAX_HEADERS }, () => {
    const fields = {
      version: 0x20000000,
      bits: REGTEST_BITS,
      nonce: 0,
      merkleRoot: new Uint8Array(32).fill(1),
    };
    last = solve({ ...fields, previousHash: last.hash, timeSec: last.timeSec + 1 });
    return last;
  });
}

/** Answers `headers/1` without end, at once, and claims as much. */
export async function serveEndlessHeaders(bare: BareNode): Promise<void> {
  bare.status = { ...bare.status, height: 10_000_000, work: Buffer.from('02000000', 'hex') };
  await bare.answer('headers/1', (request) => {
    const locator = new Set(bytesOf(parseFields(request), 1).map(hashToHex));
    const at = endlessPages.findLastIndex((page) => locator.has(hashToHex(page.at(-1)!.hash))) + 1;
    endlessPages[at] ??= makeEndlessPage();
    return [chunk(Buffer.concat(endlessPages[at]!.map(({ bytes }) => field(1, bytes)))), end(MAX_HEADERS)];
  });
  await bare.answer('blocks/1', () => [end(0)]);
}
