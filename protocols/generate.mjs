// Generates protocols/generated from the .proto files (`npm run protons`).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const output = join(folder, 'generated');
const sources = readdirSync(folder).filter((name) => name.endsWith('.proto'));

rmSync(output, { recursive: true, force: true });
const protons = join(folder, '..', 'node_modules', 'protons', 'dist', 'bin', 'protons.js');
mkdirSync(output, { recursive: true });
const { status } = spawnSync(process.execPath, [protons, '--strict', '--output', output, ...sources], {
  cwd: folder,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// Protons writes enums and namespaces, which `erasableSyntaxOnly` forbids: the output is exempt from the checks inside
// it, while what imports it sees its types in full.
for (const name of readdirSync(output)) {
  const path = join(output, name);
  const header = `// @ts-nocheck Generated from protocols/${name.replace('.ts', '.proto')} by npm run protons: do not edit.\n`;
  writeFileSync(path, header + readFileSync(path, 'utf8'));
}
