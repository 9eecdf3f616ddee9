// Puts the compiled program together into a few files: Node would otherwise look for, read and link about 1,200 modules at
// every start, which takes 0.7 s and would be most of what `indiecoin status` does. Compiles the kernels beside it.
import { chmodSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compileKernels } from './kernel.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
// As deep as the files that it is made of, so that what they name relative to themselves is where they look for it.
const folder = join('dist', 'bundle', 'program');
rmSync(folder, { recursive: true, force: true });
const bundling = build({
  // The program, and what it runs in worker threads, found beside it.
  entryPoints: ['dist/src/cli/main.js', 'dist/src/crypto/verifyWorker.js', 'dist/src/mining/miningWorker.js'],
  entryNames: '[name]',
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  // Native addons, which look for their binaries beside themselves.
  external: ['classic-level', 'secp256k1'],
  // Packages that are CommonJS inside call require().
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
  },
  logLevel: 'error',
});
await Promise.all([bundling, compileKernels()]);
chmodSync(join(folder, 'main.js'), 0o755);
