import asc from 'assemblyscript/asc';

const SOURCES = 'src/bytes/kernel';
/** Where the program looks for them: two folders above its own modules, bundled or not. */
const OUTPUT = 'dist/kernel';

/** Compiles what is written in AssemblyScript: the search for nonces, and the hashing of pairs. */
export async function compileKernels() {
  for (const name of ['fourNonces', 'fourPairs']) {
    const files = [`${SOURCES}/${name}.ts`, '--outFile', `${OUTPUT}/${name}.wasm`];
    const how = ['-O3', '--enable', 'simd', '--runtime', 'stub', '--noAssert'];
    const { error, stderr } = await asc.main([...files, ...how]);
    if (error) throw new Error(stderr.toString(), { cause: error });
  }
}
