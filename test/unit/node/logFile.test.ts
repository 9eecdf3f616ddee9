import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LogFile } from '../../../src/node/logFile.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-log-'));
after(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function folder(): string {
  const path = join(root, String(folders++));
  mkdirSync(path);
  return path;
}

const sizes = (path: string) =>
  Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, statSync(join(path, name)).size]),
  );

describe('LogFile', () => {
  it('keeps what was written before it was opened, and what an earlier run wrote', () => {
    const path = join(folder(), 'x.log');
    writeFileSync(path, 'earlier\n');
    const file = new LogFile();
    file.write('before\n');
    assert.equal(file.open(path), undefined);
    file.write('after\n');
    file.close();
    file.write('too late\n');
    assert.equal(readFileSync(path, 'utf8'), 'earlier\nbefore\nafter\n');
  });

  it('is for its owner alone', () => {
    const path = join(folder(), 'x.log');
    const file = new LogFile();
    file.open(path);
    file.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('fills a file to the last byte, and begins another with the next line', () => {
    const path = folder();
    const file = new LogFile({ fileBytes: 20, files: 3 });
    file.open(join(path, 'x.log'));
    file.write('123456789\n');
    file.write('123456789\n');
    assert.deepEqual(sizes(path), { 'x.log': 20 });
    file.write('x\n');
    assert.deepEqual(sizes(path), { 'x.1.log': 20, 'x.log': 2 });
    file.close();
  });

  it('never takes more room than its files, however much is written', () => {
    const path = folder();
    const file = new LogFile({ fileBytes: 1000, files: 3 });
    file.open(join(path, 'x.log'));
    for (let i = 0; i < 10_000; i++) file.write(`line ${i}\n`);
    file.close();
    const found = sizes(path);
    assert.deepEqual(Object.keys(found), ['x.1.log', 'x.2.log', 'x.log']);
    assert.ok(Object.values(found).every((size) => size <= 1000));
    const lines = ['x.2.log', 'x.1.log', 'x.log']
      .map((name) => readFileSync(join(path, name), 'utf8'))
      .join('');
    const numbers = lines
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(5)));
    assert.equal(numbers.at(-1), 9999);
    assert.ok(
      numbers.every((number, i) => i === 0 || number === numbers[i - 1]! + 1),
      'none is lost between two',
    );
  });

  it('goes on where the last run stopped', () => {
    const path = folder();
    writeFileSync(join(path, 'x.log'), 'x'.repeat(19));
    const file = new LogFile({ fileBytes: 20, files: 2 });
    file.open(join(path, 'x.log'));
    file.write('ab');
    file.close();
    assert.deepEqual(sizes(path), { 'x.1.log': 19, 'x.log': 2 });
  });

  it('cuts a line of 8193 bytes, and leaves one of 8192', () => {
    const path = join(folder(), 'x.log');
    const file = new LogFile();
    file.open(path);
    file.write(`${'x'.repeat(8191)}\n`);
    assert.equal(statSync(path).size, 8192);
    file.write(`${'x'.repeat(8192)}\n`);
    file.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.deepEqual([lines.length, lines[1]!.endsWith(' …'), statSync(path).size], [3, true, 2 * 8192]);
  });

  it('says why it cannot be opened, and harms nobody then', () => {
    const path = folder();
    const file = new LogFile();
    assert.match(String(file.open(path)), /EISDIR/);
    file.write('nowhere\n');
    file.close();
  });
});
