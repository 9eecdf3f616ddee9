import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { WalletNotifier } from '../../../src/node/walletNotifier.ts';
import { withFolder } from '../../support/chains.ts';
import { until } from '../../support/nodeProcess.ts';

const noShell = process.platform === 'win32' && 'the commands are for a POSIX shell';
const TXID = 'ab'.repeat(32);
const BLOCK = 'cd'.repeat(32);

function keepLog() {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  return { log, lines };
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').slice(0, -1).split('\n');

test('a command is told of a payment, without what opens the wallet', { skip: noShell }, async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'told');
    const { log, lines } = keepLog();
    process.env.INDIECOIN_WALLET_PASSPHRASE = 'secret';
    const notifier = new WalletNotifier(
      `echo "%s %b %h [%w] 100%% $INDIECOIN_WALLET_PASSPHRASE" >> '${file}'`,
      log,
    );
    try {
      notifier.notify({ txid: TXID, height: undefined, blockHash: undefined });
      await notifier.close();
      notifier.notify({ txid: TXID, height: 7, blockHash: BLOCK });
      await notifier.close();
    } finally {
      delete process.env.INDIECOIN_WALLET_PASSPHRASE;
    }
    assert.deepEqual(linesOf(file), [`${TXID} unconfirmed -1 [] 100%% `, `${TXID} ${BLOCK} 7 [] 100%% `]);
    assert.deepEqual(lines, []);
  });
});

test('four commands run at once, and all of them in the end', { skip: noShell }, async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'told');
    const notifier = new WalletNotifier(
      `echo begin >> '${file}'; sleep 0.2; echo end >> '${file}'`,
      keepLog().log,
    );
    for (let height = 0; height < 12; height++) notifier.notify({ txid: TXID, height, blockHash: BLOCK });
    await notifier.close();
    let running = 0;
    const counts = linesOf(file).map((line) => {
      running += line === 'begin' ? 1 : -1;
      return running;
    });
    assert.equal(counts.length, 24);
    assert.equal(Math.max(...counts), 4);
  });
});

test('a command that fails is told of, and the next one runs', { skip: noShell }, async () => {
  const { log, lines } = keepLog();
  const notifier = new WalletNotifier('test %h = 2 || exit 3', log);
  for (const height of [1, 2]) notifier.notify({ txid: TXID, height, blockHash: BLOCK });
  await notifier.close();
  assert.deepEqual(lines, ['wallet-notify ended with code 3']);
});

test('a thousand payments wait; who stops does not wait for commands that hang', {
  skip: noShell,
}, async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'told');
    const { log, lines } = keepLog();
    const notifier = new WalletNotifier(`echo $$ >> '${file}'; sleep 1000; echo`, log);
    for (let n = 0; n < 1004; n++) notifier.notify({ txid: TXID, height: n, blockHash: BLOCK });
    assert.deepEqual(lines, []);
    notifier.notify({ txid: TXID, height: 1004, blockHash: BLOCK });
    assert.match(lines[0]!, /1000 payments wait for it already/);
    await until('four commands', () => linesOf(file).length === 4);
    await notifier.close();
    assert.match(lines[1]!, /was not run for 1000 payments: the node stops/);
    const isAlive = (pid: number) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await until('they are ended', () =>
      linesOf(file)
        .map(Number)
        .every((pid) => !isAlive(pid)),
    );
    await sleep(50);
    assert.equal(linesOf(file).length, 4);
  });
});
