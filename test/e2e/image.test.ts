import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withFolder } from '../support/chains.ts';
import { layOutImage } from '../support/image.ts';
import { NodeProcess, runCli, until } from '../support/nodeProcess.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
/** Where ENTRYPOINT says. */
const PROGRAM = 'app/dist/bundle/program/main.js';

describe('the image', () => {
  it(
    'has all that the program is made of, and all that it reads',
    { skip: process.platform === 'win32' },
    () =>
      withFolder(async (folder) => {
        const root = layOutImage(REPOSITORY, join(REPOSITORY, 'bootstrap', 'Dockerfile'), folder);
        const main = join(root, PROGRAM);
        const { code, stdout, stderr } = await runCli(['--version'], { main });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
        // It hashes with one kernel, and mines with the other in a thread of its own.
        const args = ['--miner', '--metrics-port', '0', '--server-port', '0'];
        const seed = await NodeProcess.start({ dataDir: join(folder, 'data'), command: 'seed', main, args });
        try {
          await until('it has mined', async () => (await seed.height()) > 0);
        } finally {
          assert.equal(await seed.stop(), 0);
        }
      }),
  );
});
