import type { Chain } from '../../src/chain/chain.ts';
import { SimdNonceKernel } from '../../src/mining/simdNonceKernel.ts';
import { blockOfTemplate, buildTemplate } from '../../src/mining/template.ts';
import { encodeHeader } from '../../src/primitives/header.ts';
import { bitsToTarget } from '../../src/primitives/target.ts';
import { makeKeys } from './blocks.ts';

/** A miner whose time is counted in its hashes. */
export type VirtualMiner = {
  readonly name: string;
  /** Hashes in a second of the virtual clock. */
  rate: number;
  /** The time that it writes into its blocks: the rules bring it up to the least that they allow. */
  readonly timeAt: (nowSec: number, height: number) => number;
  readonly lockingScript: Uint8Array;
  readonly kernel: SimdNonceKernel;
};

export function virtualMiner(
  name: string,
  rate: number,
  timeAt: VirtualMiner['timeAt'] = (nowSec) => nowSec,
): VirtualMiner {
  return { name, rate, timeAt, lockingScript: makeKeys().lockingScript, kernel: new SimdNonceKernel() };
}

export type Mined = Readonly<{ height: number; by: string; atSec: number; bits: number; timeSec: number }>;

/** So long, by the virtual clock, a miner works on a header before it takes the new time. */
const STEP_SEC = 120;

/**
 * Lets miners race for the blocks of a real chain, with real proofs of work, by a virtual clock: in each of its steps each
 * miner tries as many nonces as it is fast, until the first of them has a block. So days pass in seconds, and
 * however busy the machine is, nobody gains by it.
 */
export async function mineTogether(options: {
  chain: Chain;
  /** Moved by this. */
  clock: { nowSec: number };
  miners: readonly VirtualMiner[];
  untilHeight: number;
}): Promise<Mined[]> {
  const { chain, clock, miners, untilHeight } = options;
  const mined: Mined[] = [];
  let { nowSec } = clock;
  while (chain.tip.height < untilHeight) {
    let first: { miner: VirtualMiner; delay: number; block: ReturnType<typeof blockOfTemplate> } | undefined;
    for (const miner of miners) {
      const found = search(chain, miner, clock.nowSec);
      if (found !== undefined && found.delay < (first?.delay ?? 1)) first = { miner, ...found };
    }
    nowSec += (first?.delay ?? 1) * STEP_SEC;
    clock.nowSec = Math.floor(nowSec);
    if (first === undefined) continue;
    const verdict = await chain.acceptBlock(first.block, { requested: true, source: first.miner.name });
    if (verdict.status !== 'connected') throw new Error(JSON.stringify(verdict));
    const { height, bits, timeSec } = verdict.node;
    mined.push({ height, by: first.miner.name, atSec: nowSec, bits, timeSec });
  }
  return mined;
}

let extraNonce = 0n;

/** One step of one miner; `delay` is the part of the step that has passed when it finds a block. */
function search({ tip, params }: Chain, miner: VirtualMiner, nowSec: number) {
  const tries = Math.round(miner.rate * STEP_SEC);
  if (tries === 0) return undefined;
  extraNonce++;
  const template = buildTemplate({
    parent: tip,
    entries: [],
    params,
    lockingScript: miner.lockingScript,
    timeSec: miner.timeAt(nowSec, tip.height + 1),
    extraNonce,
  });
  const target = bitsToTarget(template.header.bits)!.toString(16).padStart(64, '0');
  miner.kernel.prepare(encodeHeader(template.header), Buffer.from(target, 'hex').reverse());
  const nonce = miner.kernel.search(0, tries);
  return nonce === undefined ? undefined : { delay: nonce / tries, block: blockOfTemplate(template, nonce) };
}
