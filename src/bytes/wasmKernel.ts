import { readFileSync } from 'node:fs';

/** Node's global, as far as it is needed here: the types of Node 20 leave it out. */
declare const WebAssembly: Readonly<{
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}>;

/** Numbers that a kernel exports, such as the address of its input. */
export type WasmNumber = { readonly value: number };
export type WasmMemory = { readonly buffer: ArrayBuffer };

/** A module of one function, which makes a vector of 16 bytes. */
// biome-ignore format: section by section
const SMALLEST_WITH_SIMD = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, // types: one function, () -> v128
  0x03, 0x02, 0x01, 0x00, // functions: one of that type
  0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b, // code: i32.const 0, i8x16.splat, end
);

/** Whether this machine has what the kernels need: Node does without on processors before SSE4.1, and on some others. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SMALLEST_WITH_SIMD);
}

/**
 * The exports of a kernel of src/bytes/kernel, compiled and ready; the caller says what they are.
 * @throws WebAssembly.CompileError where there is no SIMD
 */
export function openKernel<Exports>(name: 'fourNonces' | 'fourPairs'): Exports {
  // The same for the compiled modules as for the bundled program, which lies as deep.
  const file = new URL(`../../kernel/${name}.wasm`, import.meta.url);
  return new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file))).exports as Exports;
}
