import asc from 'assemblyscript/asc';

/** Where the program looks for it: two folders above its own modules, bundled or not. */
const OUTPUT = 'dist/kernel/fourNonces.wasm';

/** Compiles the nonce search that is written in AssemblyScript. */
export async function compileKernel() {
  const { error, stderr } = await asc.main([
    'src/bytes/kernel/fourNonces.ts',
    '--outFile',
    OUTPUT,
    '-O3',
    '--enable',
    'simd',
    '--runtime',
    'stub',
    '--noAssert',
  ]);
  if (error) throw new Error(stderr.toString(), { cause: error });
}
