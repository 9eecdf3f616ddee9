import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../../src/cli/exitCodes.ts';
import { parseSeedList } from '../../../src/network/bootstrapList.ts';
import { parsePeerAddress } from '../../../src/network/peerAddress.ts';
import { environmentName, SETTING_NAMES } from '../../../src/node/settings.ts';
import { networkByName } from '../../../src/params/networks.ts';
import { withFolder } from '../../support/chains.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (name: string) => readFileSync(`${ROOT}bootstrap/${name}`, 'utf8');

/** What an operator copies must not fall behind the program. */
describe('the files for operators', () => {
  it('list seeds that can be dialled, for networks that there are', () => {
    const lists = readdirSync(`${ROOT}bootstrap`).filter((name) => name.endsWith('.txt'));
    assert.deepEqual(lists.sort(), ['mainnet.txt', 'regtest.txt', 'testnet.txt']);
    for (const name of lists) {
      assert.ok(networkByName(name.replace('.txt', '')), name);
      for (const line of parseSeedList(read(name))) parsePeerAddress(line);
    }
  });

  it('name settings and codes that there are', () => {
    const known = new Set(SETTING_NAMES.map(environmentName));
    const files = [
      'seed.env',
      'Dockerfile',
      'compose.yml',
      'indiecoin-seed',
      'indiecoin-seed.service',
      'README.md',
    ];
    for (const file of files)
      for (const [name] of read(file).matchAll(/INDIECOIN_[A-Z_]*[A-Z]/g))
        assert.ok(known.has(name), `${name} in ${file}`);
    const prevented = /^RestartPreventExitStatus=(.*)$/m.exec(read('indiecoin-seed.service'))?.[1];
    assert.equal(prevented, `${EXIT.usage} ${EXIT.damaged}`);
  });

  it('leave V8 its memory, and the node its time to close', () => {
    const unit = read('indiecoin-seed.service');
    // V8 writes the code that it runs.
    assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m);
    assert.match(unit, /^TimeoutStopSec=120$/m);
    assert.match(read('compose.yml'), /^ {4}stop_grace_period: 2m$/m);
    assert.match(read('Dockerfile'), /^STOPSIGNAL SIGTERM$/m);
    assert.match(read('Dockerfile'), /^USER node$/m);
  });

  it('give a command for the seed its settings, whatever is in them', async (test) => {
    if (process.platform === 'win32') return test.skip('a script of a shell');
    await withFolder(async (folder) => {
      const settings = join(folder, 'seed.env');
      const lines = [
        '# INDIECOIN_PRUNE=1',
        '',
        'INDIECOIN_ANNOUNCE=',
        'INDIECOIN_WALLET_NOTIFY=echo $HOME; touch `x` %s',
      ];
      writeFileSync(
        settings,
        [...lines, 'INDIECOIN_NETWORK="/a b.toml"', "INDIECOIN_RPC_USER='me'", 'A-B=c', 'D=e=f'].join('\n'),
      );
      // Without what only root may do.
      const script = read('indiecoin-seed')
        .replace('/etc/indiecoin/seed.env', settings)
        .replace(/^if [\s\S]*?^fi$/m, '')
        .replace(/^exec [\s\S]*/m, 'exec env');
      const env = { PATH: process.env.PATH };
      const given = execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).split('\n');
      assert.deepEqual(given.filter((line) => /^(INDIECOIN_|A|D)/.test(line)).sort(), [
        'D=e=f',
        'INDIECOIN_ANNOUNCE=',
        'INDIECOIN_DATA_DIR=/var/lib/indiecoin',
        'INDIECOIN_NETWORK=/a b.toml',
        'INDIECOIN_RPC_USER=me',
        'INDIECOIN_WALLET_NOTIFY=echo $HOME; touch `x` %s',
      ]);
    });
  });

  it('copy into the image what is here, and what the program reads', () => {
    const ignored = read('Dockerfile.dockerignore');
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, names]) =>
      names!.split(' '),
    );
    assert.ok(copied.includes('bootstrap/*.txt') && copied.includes('src'));
    for (const name of copied) {
      assert.ok(name.includes('*') || existsSync(ROOT + name), name);
      assert.ok(ignored.includes(`!${name}\n`), `${name} is left out by Dockerfile.dockerignore`);
    }
  });
});
