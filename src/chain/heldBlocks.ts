import { equalBytes } from '../bytes/bytes.ts';
import { MAX_FUTURE_SEC } from '../consensus/checkHeader.ts';
import type { Block } from '../primitives/block.ts';
import type { BlockOptions } from './blockVerdict.ts';

type HeldBlock = Readonly<{ block: Block; options: BlockOptions }>;

const MAX_HELD = 8;

/** Blocks whose time is too far ahead of our clock, kept until it is not: clocks differ, and nobody is to blame. */
export class HeldBlocks {
  readonly #held: HeldBlock[] = [];

  /** Where too many are held, the one that would have to wait longest goes. */
  add(block: Block, options: BlockOptions): void {
    // The same one again and again would push the others out.
    if (this.#held.some((held) => equalBytes(held.block.header.hash, block.header.hash))) return;
    this.#held.push({ block, options });
    this.#held.sort((a, b) => a.block.header.timeSec - b.block.header.timeSec);
    if (this.#held.length > MAX_HELD) this.#held.pop();
  }

  /** Takes out those whose time has come. */
  takeDue(nowSec: number): HeldBlock[] {
    const due = this.#held.filter(({ block }) => block.header.timeSec <= nowSec + MAX_FUTURE_SEC);
    this.#held.splice(0, due.length);
    return due;
  }
}
