import { equalBytes } from '../bytes/bytes.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { checkHeader, checkProofOfWork } from '../consensus/checkHeader.ts';
import { ancestorAt, type HeaderNode, skipHeight } from '../consensus/headerNode.ts';
import type { HeaderRejection } from '../consensus/rejection.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type BlockHeader, decodeHeader, HEADER_BYTES } from '../primitives/header.ts';
import { type BlockNode, workOfBits } from './blockNode.ts';
import type { BlockTree } from './blockTree.ts';
import { childOfInvalid, knownInvalid } from './headerAcceptance.ts';

/** How many headers of a run are good, and what is wrong with the next, or with the place where they begin. */
export type PreviewResult = Readonly<{
  taken: number;
  failure?: Readonly<{ missing: string }> | Readonly<{ rejection: HeaderRejection }>;
}>;

type Options = Readonly<{ tree: BlockTree; params: NetworkParams; nowSec: number }>;

/** Headers that are kept together. */
const PAGE_HEADERS = 2000;

/** Where the fields begin that the rules ask for; see encodeHeader. */
const TIME_AT = 68;
const BITS_AT = 72;

/**
 * A chain of headers that hangs on the tree without being in it: checked like any other, and gone when nobody holds it any
 * more. It keeps the 80 bytes of each and nothing else, since headers at the easiest target cost whoever sends them little.
 */
export class HeaderPreview {
  /** The last header known that it hangs on. */
  #base: BlockNode | undefined;
  readonly #pages: Buffer[] = [];
  #count = 0;
  #hash = '';
  #chainWork = 0n;

  /** Headers that it holds. */
  get length(): number {
    return this.#count;
  }

  get height(): number {
    return (this.#base?.height ?? 0) + this.#count;
  }

  get hash(): string {
    return this.#count === 0 ? (this.#base?.hash ?? '') : this.#hash;
  }

  get hashBytes(): Uint8Array {
    return hexToHash(this.hash);
  }

  get chainWork(): bigint {
    return (this.#base?.chainWork ?? 0n) + this.#chainWork;
  }

  /** Goes on with a run of headers, each the parent of the next; the first run says where it begins. */
  extend(headers: readonly BlockHeader[], { tree, params, nowSec }: Options): PreviewResult {
    for (const [taken, header] of headers.entries()) {
      const hash = hashToHex(header.hash);
      const known = tree.get(hash);
      if (known?.isInvalid) return { taken, failure: { rejection: knownInvalid(known) } };
      if (this.#count === 0 && known !== undefined) {
        this.#base = known;
        continue;
      }
      const previousHash = hashToHex(header.previousHash);
      this.#base ??= tree.get(previousHash);
      if (this.#base === undefined) return { taken, failure: { missing: previousHash } };
      if (!equalBytes(header.previousHash, this.hashBytes))
        return { taken, failure: { rejection: { code: 'bad-prevblk', previousHash } } };
      const lacksWork = checkProofOfWork(header, params);
      const rejection =
        lacksWork ??
        (this.#base.isInvalid
          ? childOfInvalid(this.#base)
          : checkHeader(header, this.#at(this.height), params, nowSec));
      if (rejection) return { taken, failure: { rejection } };
      this.#add(header, hash);
    }
    return { taken: headers.length };
  }

  /** What it holds, decoded anew. */
  *runs(): Generator<BlockHeader[]> {
    for (const [index, page] of this.#pages.entries()) {
      const count = Math.min(PAGE_HEADERS, this.#count - index * PAGE_HEADERS);
      yield Array.from({ length: count }, (_, i) =>
        decodeHeader(page.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES)),
      );
    }
  }

  #add(header: BlockHeader, hash: string): void {
    const place = this.#count % PAGE_HEADERS;
    if (place === 0) this.#pages.push(Buffer.alloc(PAGE_HEADERS * HEADER_BYTES));
    this.#pages.at(-1)!.set(header.bytes, place * HEADER_BYTES);
    this.#count++;
    this.#hash = hash;
    this.#chainWork += workOfBits(header.bits);
  }

  #at(height: number): HeaderNode {
    const base = this.#base!;
    if (height <= base.height) return ancestorAt(base, height);
    const index = height - base.height - 1;
    const page = this.#pages[Math.floor(index / PAGE_HEADERS)]!;
    const start = (index % PAGE_HEADERS) * HEADER_BYTES;
    const at = (ancestorHeight: number) => this.#at(ancestorHeight);
    return {
      height,
      version: page.readInt32LE(start),
      timeSec: page.readUInt32LE(start + TIME_AT),
      bits: page.readUInt32LE(start + BITS_AT),
      // Made when they are asked for: kept, they would weigh ten times as much as the header.
      get parent() {
        return at(height - 1);
      },
      get skip() {
        return at(skipHeight(height));
      },
    };
  }
}
