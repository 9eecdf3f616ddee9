import assert from 'node:assert/strict';
import { fstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createLog, type LogOptions, readerOfStderr } from '../../../src/node/log.ts';
import { LogFlood, placeOf } from '../../../src/node/logFlood.ts';
import { LogLevels } from '../../../src/node/logLevels.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-log-'));
after(() => rmSync(root, { recursive: true, force: true }));

function start(options: Partial<LogOptions> = {}) {
  const shown: string[] = [];
  const dataDir = mkdtempSync(join(root, 'data-'));
  const nodeLog = createLog({
    levels: 'info',
    isQuiet: true,
    reader: 'person',
    write: (text) => void shown.push(text),
    ...options,
  });
  const levels = new LogLevels(nodeLog.log, options.levels ?? 'info');
  const kept = () => readFileSync(join(dataDir, 'indiecoin.log'), 'utf8').trimEnd().split('\n');
  return { ...nodeLog, levels, shown, kept, dataDir };
}

describe('the log', () => {
  it('shows a person what matters, and keeps the rest in the file', () => {
    const { log, levels, shown, kept, openFile, dataDir, close } = start();
    log.info('before the file');
    openFile(dataDir);
    log.info({ height: 7, hash: 'ab'.repeat(32) }, 'new block');
    levels.log('wallet').info('coins came in');
    levels.log('network').info('peer left');
    levels.log('network').warn('peer banned');
    levels.log('chain').debug('not asked for');
    close();
    assert.deepEqual(
      shown.map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, '')),
      [
        'before the file\n',
        'new block  height 7  hash abababababab…\n',
        'coins came in\n',
        'WARN  peer banned\n',
      ],
    );
    assert.deepEqual(
      kept().map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, '')),
      [
        'INFO node: before the file',
        'INFO node: new block  height 7  hash abababababab…',
        'INFO wallet: coins came in',
        'INFO network: peer left',
        'WARN network: peer banned',
      ],
    );
  });

  it('shows all of what a person asked for', () => {
    const { levels, shown } = start({ levels: 'info,network=debug', isQuiet: false });
    levels.log('network').debug('dial failed');
    levels.log('chain').info('reorganized');
    levels.log('chain').debug('not asked for');
    assert.deepEqual(
      shown.map((line) => line.slice(10)),
      ['DEBUG  dial failed\n', 'reorganized\n'],
    );
  });

  it('is JSON for a program, of all parts', () => {
    const { levels, shown } = start({ reader: 'program' });
    levels.log('network').info({ peer: 'x' }, 'peer left');
    const { time, ...line } = JSON.parse(shown[0]!);
    assert.deepEqual(line, { level: 30, subsystem: 'network', peer: 'x', msg: 'peer left' });
    assert.equal(typeof time, 'number');
  });

  it('has priorities and no times for the journal, which has its own, and no file', () => {
    const { log, levels, shown, openFile, dataDir, close, kept } = start({ reader: 'journal' });
    openFile(dataDir);
    levels.log('network').info({ peer: 'x' }, 'peer left');
    levels.log('chain').warn('too slow');
    const error = new Error('broken');
    error.stack = 'Error: broken\n    at here';
    log.error({ err: error }, 'failed');
    close();
    assert.deepEqual(shown, [
      '<6>network: peer left  peer x\n',
      '<4>chain: too slow\n',
      '<3>node: failed  err Error: broken\n<3>    at here\n',
    ]);
    assert.throws(kept, /ENOENT/);
  });

  it('lets no stranger speak to the terminal', () => {
    const { log, shown } = start();
    log.info({ agent: '\x1b[2J\nWARN  forged\u202e' }, 'a \x07 peer');
    assert.equal(shown[0]!.slice(10), 'a ? peer  agent ?[2J?WARN  forged?\n');
  });

  it('colours only what is unusual, and nothing where there are no colours', () => {
    const colored = start({ hasColor: true });
    colored.log.warn('careful');
    colored.log.info('as ever');
    const [warned, informed] = colored.shown as [string, string];
    assert.ok(warned.startsWith('\x1b[33m') && warned.endsWith('careful\x1b[39m\n'), warned);
    assert.ok(!informed.includes('\x1b'), informed);
  });

  it('knows the journal by the stream that systemd names', () => {
    const { dev, ino } = fstatSync(2, { bigint: true });
    if (process.stderr.isTTY) return;
    assert.equal(readerOfStderr({ JOURNAL_STREAM: `${dev}:${ino}` }), 'journal');
    assert.equal(readerOfStderr({ JOURNAL_STREAM: `${dev}:${ino + 1n}` }), 'program');
    assert.equal(readerOfStderr({}), 'program');
  });
});

describe('a flood', () => {
  it('of one place is told 60 times a minute, and how many more there were', () => {
    let nowMs = 0;
    const flood = new LogFlood(() => nowMs);
    const { log, levels, shown, close } = start({ reader: 'program', flood });
    for (let i = 0; i < 100_000; i++) levels.log('network').warn({ peer: i }, `peer ${i} misbehaved`);
    log.info('another place is heard');
    assert.equal(shown.length, 61);
    nowMs = 59_999;
    levels.log('network').warn('peer 5 misbehaved');
    assert.equal(shown.length, 61);
    nowMs = 60_000;
    levels.log('network').warn('peer 6 misbehaved');
    close();
    const told = shown.map((line) => JSON.parse(line));
    assert.equal(told[61].msg, '… and 99941 more like it: peer 0 misbehaved');
    assert.deepEqual([told[61].subsystem, told[61].level], ['network', 40]);
    assert.equal(told[62].msg, 'peer 6 misbehaved');
    assert.equal(told.length, 63);
  });

  it('is told of when the log ends', () => {
    const { log, shown, close } = start({ reader: 'program' });
    for (let i = 0; i < 61; i++) log.error(new Error('broken'));
    assert.equal(shown.length, 60);
    close();
    assert.equal(JSON.parse(shown[60]!).msg, '… and 1 more like it: broken');
  });

  it('of details that were asked for has 1000 lines', () => {
    const { levels, shown } = start({ reader: 'program', levels: 'trace' });
    for (let i = 0; i < 1001; i++) levels.log('network').debug('dial failed');
    assert.equal(shown.length, 1000);
  });

  it('of ever new places does not fill the memory', () => {
    const flood = new LogFlood();
    let told = 0;
    const tell = () => void told++;
    for (let i = 0; i < 100_000; i++)
      for (let j = 0; j < 2; j++)
        flood.take(`place ${i}`, { lines: 1, windowMs: 1e9 }, () => undefined, tell);
    assert.equal(told, 100_000 - 500);
    flood.flush();
    assert.equal(told, 100_000);
  });

  it('knows a place whatever its numbers and hashes are', () => {
    assert.equal(
      placeOf('chain', 30, `block ${'ab'.repeat(32)} at 7`),
      placeOf('chain', 30, 'block 0011223344 at 1234.5'),
    );
    assert.notEqual(placeOf('chain', 30, 'a'), placeOf('chain', 40, 'a'));
    assert.notEqual(placeOf('chain', 30, 'a'), placeOf('rpc', 30, 'a'));
  });
});
