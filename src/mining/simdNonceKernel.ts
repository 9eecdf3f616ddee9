import { hasSimd, openKernel, type WasmMemory, type WasmNumber } from '../bytes/wasmKernel.ts';
import { type NonceKernel, PlainNonceKernel } from './nonceSearch.ts';
import { SHA256_START, sha256Compress } from './sha256Compress.ts';

/** What `src/bytes/kernel/fourNonces.ts` exports. */
type FourNonces = Readonly<{
  memory: WasmMemory;
  INPUT: WasmNumber;
  NONE: WasmNumber;
  prepare(highestOfTarget: number): void;
  search(start: number, count: number): number;
}>;

/** Words of a header that its first compression takes, and those behind them that are not the nonce. */
const FIRST_WORDS = 16;
const LAST_WORDS = 3;

/**
 * The search four nonces at a time, in WebAssembly. It looks at one word of each hash only; where that is low enough the
 * plain kernel has the last word.
 */
export class SimdNonceKernel implements NonceKernel {
  readonly name = 'simd';
  readonly #plain = new PlainNonceKernel();
  readonly #wasm: FourNonces;
  readonly #none: number;
  /** The midstate, then the words 16, 17 and 18 of the header. */
  readonly #input: Int32Array;

  /** @throws WebAssembly.CompileError where there is no SIMD */
  constructor() {
    this.#wasm = openKernel('fourNonces');
    this.#none = this.#wasm.NONE.value >>> 0;
    const { memory, INPUT } = this.#wasm;
    this.#input = new Int32Array(memory.buffer, INPUT.value, SHA256_START.length + LAST_WORDS);
  }

  prepare(header: Uint8Array, target: Uint8Array): void {
    this.#plain.prepare(header, target);
    const words = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const first = Int32Array.from({ length: FIRST_WORDS }, (_, i) => words.getInt32(4 * i));
    sha256Compress(SHA256_START, first, this.#input);
    for (let i = 0; i < LAST_WORDS; i++) {
      this.#input[SHA256_START.length + i] = words.getInt32(4 * (FIRST_WORDS + i));
    }
    this.#wasm.prepare(new DataView(target.buffer, target.byteOffset).getUint32(28, true));
  }

  search(start: number, count: number): number | undefined {
    const end = start + count;
    for (let from = start; from < end; ) {
      // It may look up to three nonces further.
      const found = this.#wasm.search(from, end - from) >>> 0;
      if (found === this.#none || from + found >= end) return undefined;
      const candidate = from + found;
      if (this.#plain.search(candidate, 1) !== undefined) return candidate;
      from = candidate + 1;
    }
    return undefined;
  }
}

/** The name of the search that openNonceKernel gives. */
export function nonceKernelName(): string {
  return hasSimd() ? 'simd' : 'plain';
}

/** The fastest search that runs here. */
export function openNonceKernel(isSimdHere = hasSimd()): NonceKernel {
  return isSimdHere ? new SimdNonceKernel() : new PlainNonceKernel();
}
