import type { Stream } from '@libp2p/interface';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { BareNode, chunk, end } from './bareNode.ts';
import { claim, serveBlocks, serveHeaders } from './bareServing.ts';
import { after, COIN, chainOfBlocks, solvedBlock } from './blocks.ts';
import { RESERVED } from './dataBlocks.ts';
import { field, prefixed } from './wire.ts';

/** Ways for a peer to hold up a sync. */
export const BAD_KINDS = [
  'silent-headers',
  'trickled-headers',
  'no-headers',
  'poor-headers',
  'ghost-chain',
  'stalls',
  'trickles',
  'slow',
  'not-found',
  'other-blocks',
  'changed-bodies',
  'invalid-blocks',
] as const;
export type BadKind = (typeof BAD_KINDS)[number];

/** A trickle that a stall of some seconds never sees. */
const TRICKLE = { bytes: 100, everyMs: 200 };
/** 5 kB/s. */
const SLOW = { bytes: 500, everyMs: 100 };

/** A bare host that has, or pretends to have, this chain, and does one thing wrong. It claims more work than anybody. */
export async function openBadPeer(kind: BadKind, blocks: readonly Block[]): Promise<BareNode> {
  const bare = await BareNode.open('regtest', regtest.genesis.header.hash);
  claim(bare, blocks, blocks.length + 1000);
  await serveHeaders(bare, blocks);
  await serveBlocks(bare, blocks);
  await MISBEHAVE[kind](bare, blocks);
  return bare;
}

type Misbehave = (bare: BareNode, blocks: readonly Block[]) => Promise<void>;

const MISBEHAVE: Readonly<Record<BadKind, Misbehave>> = {
  'silent-headers': (bare) => bare.answer('headers/1', () => never()),
  'trickled-headers': (bare, blocks) => {
    const run = blocks.slice(0, 2000).map(({ header }) => field(1, header.bytes));
    return dripping(bare, 'headers/1', prefixed(chunk(Buffer.concat(run))), TRICKLE);
  },
  'no-headers': (bare) => bare.answer('headers/1', () => [end(0)]),
  // Too little work to be looked at further, however often it is shown.
  'poor-headers': async (bare, blocks) => {
    const poor = chainOfBlocks(
      regtest.genesis,
      0,
      Math.floor(blocks.length / 3),
      RESERVED,
      Uint8Array.of(1, 7),
    );
    await serveHeaders(bare, poor);
  },
  // More work than anybody's, and no blocks to it.
  'ghost-chain': async (bare, blocks) => {
    const ghost = chainOfBlocks(regtest.genesis, 0, blocks.length + 500, RESERVED, Uint8Array.of(1, 8));
    await serveHeaders(bare, ghost);
    await bare.answer('blocks/1', () => never());
  },
  stalls: (bare) => bare.answer('blocks/1', () => never()),
  trickles: (bare, blocks) => dripping(bare, 'blocks/1', prefixed(chunk(blocks[0]!.bytes)), TRICKLE),
  slow: (bare, blocks) =>
    dripping(
      bare,
      'blocks/1',
      Buffer.concat(blocks.slice(0, 200).map(({ bytes }) => prefixed(chunk(bytes)))),
      SLOW,
    ),
  'not-found': (bare, blocks) => serveBlocks(bare, blocks, () => undefined),
  'other-blocks': (bare, blocks) => serveBlocks(bare, blocks, () => blocks[0]!.bytes),
  'changed-bodies': (bare, blocks) =>
    serveBlocks(bare, blocks, ({ bytes }) => {
      const changed = Buffer.from(bytes);
      changed[changed.length - 5]! ^= 1;
      return changed;
    }),
  // A chain of its own with more work, of which the last block that is served pays itself too much.
  'invalid-blocks': async (bare, blocks) => {
    const valid = chainOfBlocks(regtest.genesis, 0, 20, RESERVED, Uint8Array.of(1, 9));
    const rich = solvedBlock({
      parent: after(valid[19]!),
      height: 21,
      lockingScript: RESERVED,
      amount: 1000n * COIN,
    });
    const rest = chainOfBlocks(rich, 21, blocks.length, RESERVED);
    const chain = [...valid, rich, ...rest];
    await serveHeaders(bare, chain);
    await serveBlocks(bare, chain);
  },
};

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** Answers with these bytes, a few at a time. */
function dripping(
  bare: BareNode,
  protocol: string,
  bytes: Buffer,
  { bytes: atOnce, everyMs }: { bytes: number; everyMs: number },
): Promise<void> {
  const drip = (stream: Stream) => {
    let at = 0;
    const timer = setInterval(() => {
      try {
        if (stream.status === 'open' && at < bytes.length) stream.send(bytes.subarray(at, at + atOnce));
        else clearInterval(timer);
      } catch {
        // The other side has had enough.
        clearInterval(timer);
      }
      at += atOnce;
    }, everyMs);
  };
  return bare.host.handle(bare.id(protocol), drip, { force: true, maxInboundStreams: 100 });
}
