import { sha256d } from './sha256.ts';
import { hasSimd, openKernel, type WasmMemory, type WasmNumber } from './wasmKernel.ts';

/** What `kernel/fourPairs.ts` exports. */
type FourPairs = Readonly<{
  memory: WasmMemory;
  MESSAGES: WasmNumber;
  DIGESTS: WasmNumber;
  MAX_MESSAGES: WasmNumber;
  prepare(): void;
  hash(count: number): void;
}>;

/** Double SHA-256 of messages of 64 bytes, given one behind the other, to digests of 32, in the same order. */
export type PairHasher = (messages: Uint8Array) => Uint8Array;

const PAIR_BYTES = 64;
const HASH_BYTES = 32;

export function hashOneByOne(messages: Uint8Array): Uint8Array {
  const digests = Buffer.alloc(messages.length / 2);
  for (let at = 0; at < messages.length; at += PAIR_BYTES) {
    digests.set(sha256d(messages.subarray(at, at + PAIR_BYTES)), at / 2);
  }
  return digests;
}

/** @throws WebAssembly.CompileError where there is no SIMD */
export function openSimdPairHasher(): PairHasher {
  const wasm = openKernel<FourPairs>('fourPairs');
  wasm.prepare();
  const most = PAIR_BYTES * wasm.MAX_MESSAGES.value;
  const input = new Uint8Array(wasm.memory.buffer, wasm.MESSAGES.value, most);
  const output = new Uint8Array(wasm.memory.buffer, wasm.DIGESTS.value, most / 2);
  return (messages) => {
    const digests = Buffer.alloc(messages.length / 2);
    for (let at = 0; at < messages.length; at += most) {
      const part = messages.subarray(at, at + most);
      input.set(part);
      const count = part.length / PAIR_BYTES;
      wasm.hash(count);
      digests.set(output.subarray(0, HASH_BYTES * count), at / 2);
    }
    return digests;
  };
}

/**
 * The fastest way on this machine: five times as fast as one by one where there is SIMD. Opened with the program, in one
 * or two milliseconds: the chain must not find later that a file is gone, or that no more can be opened.
 */
export const sha256dOfPairs: PairHasher = hasSimd() ? openSimdPairHasher() : hashOneByOne;
