import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * The layers are checked by Biome's noRestrictedImports. A check that cannot fail is worth nothing, so each forbidden
 * import is tried here, as a file that does not exist but would stand in the layer.
 */
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What each folder may import, as the README draws it. */
const core = ['bytes', 'primitives', 'params', 'crypto', 'consensus'];
const allowed: Record<string, readonly string[]> = {
  bytes: [],
  primitives: ['bytes'],
  params: ['bytes', 'primitives'],
  crypto: ['bytes'],
  consensus: ['bytes', 'primitives', 'params', 'crypto'],
  explain: core,
  store: core,
  chain: [...core, 'store'],
  mempool: [...core, 'chain'],
  wallet: [...core, 'chain'],
  mining: [...core, 'chain', 'mempool'],
  network: [...core, 'chain', 'mempool'],
  rpc: [...core, 'store', 'chain', 'mempool', 'wallet', 'mining', 'network'],
  node: [...core, 'explain', 'store', 'chain', 'mempool', 'wallet', 'mining', 'network', 'rpc'],
  cli: [...core, 'explain', 'store', 'chain', 'mempool', 'wallet', 'mining', 'network', 'rpc', 'node'],
};
const layers = Object.keys(allowed);

/** Which of the modules Biome objects to, for files of these paths with these imports, in one run over a folder of probes. */
function refused(probes: Readonly<Record<string, readonly string[]>>): Record<string, Set<string>> {
  const folder = mkdtempSync(join(tmpdir(), 'indiecoin-layers-'));
  try {
    cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
    for (const [path, modules] of Object.entries(probes)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(
        join(folder, path),
        modules.map((module, i) => `import { name${i} } from '${module}';\n`).join(''),
      );
    }
    const args = [
      'lint',
      '--colors=off',
      '--max-diagnostics=none',
      '--only=style/noRestrictedImports',
      '--vcs-enabled=false',
    ];
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const { stdout, stderr } = spawnSync(process.execPath, [biome, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    const found = [...`${stdout}${stderr}`.matchAll(/^(\S+):(\d+):\d+ lint\/style\/noRestrictedImports/gm)];
    return Object.fromEntries(
      Object.entries(probes).map(([path, modules]) => {
        const lines = new Set(found.filter((match) => match[1] === path).map((match) => Number(match[2])));
        return [path, new Set(modules.filter((_, i) => lines.has(i + 1)))];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the layers', () => {
  test('are all folders of src', () => {
    assert.deepEqual(readdirSync(new URL('../../../src', import.meta.url)).sort(), [...layers].sort());
  });

  test('import from no other layer than they may, and may import from those', () => {
    const probes: Record<string, string[]> = {};
    const expected: Record<string, Set<string>> = {};
    for (const layer of layers) {
      const path = `src/${layer}/probe.ts`;
      const others = layers.filter((other) => other !== layer);
      probes[path] = [
        ...others.map((other) => `../${other}/probe.ts`),
        './other.ts',
        '../../protocols/probe.ts',
      ];
      const forbidden = others
        .filter((other) => !allowed[layer]!.includes(other))
        .map((other) => `../${other}/probe.ts`);
      const seesWire = ['network', 'rpc', 'node', 'cli'].includes(layer);
      expected[path] = new Set(seesWire ? forbidden : [...forbidden, '../../protocols/probe.ts']);
    }
    assert.deepEqual(refused(probes), expected);
  });

  test('the rules are pure: no module of Node.js, no clock, no logger', () => {
    const modules = ['node:fs', 'node:crypto', 'pino', 'level', 'libp2p'];
    assert.deepEqual(refused({ 'src/consensus/probe.ts': modules }), {
      'src/consensus/probe.ts': new Set(modules),
    });
  });

  test('the wire contract imports what describes data, nothing that does things', () => {
    const modules = layers.map((layer) => `../src/${layer}/probe.ts`);
    const fine = ['bytes', 'primitives', 'params'].map((layer) => `../src/${layer}/probe.ts`);
    const forbidden = new Set(modules.filter((module) => !fine.includes(module)));
    assert.deepEqual(refused({ 'protocols/probe.ts': modules }), { 'protocols/probe.ts': forbidden });
  });
});
