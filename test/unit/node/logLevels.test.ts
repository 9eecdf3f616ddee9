import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { LogLevels, parseLogLevels } from '../../../src/node/logLevels.ts';

it('parseLogLevels reads a level for all and levels for some', () => {
  const levels = parseLogLevels('warn,network=debug,chain=trace');
  assert.equal(levels.base, 'warn');
  assert.deepEqual(
    [...levels.bySubsystem],
    [
      ['network', 'debug'],
      ['chain', 'trace'],
    ],
  );
});

it('parseLogLevels names the nearest for an unknown subsystem', () => {
  assert.throws(() => parseLogLevels('netwrk=debug'), /Did you mean "network"\?/);
});

it('LogLevels begins with what was typed, and is set part by part while the node runs', () => {
  const lines: string[] = [];
  const root = pino({ level: 'warn', base: null }, { write: (line: string) => void lines.push(line) });
  const levels = new LogLevels(root, 'warn,network=debug');
  assert.deepEqual(levels.names(), ['node', 'chain', 'mempool', 'network', 'wallet', 'mining', 'rpc']);
  assert.deepEqual(
    levels.names().map((name) => levels.get(name)),
    ['warn', 'warn', 'warn', 'debug', 'warn', 'warn', 'warn'],
  );
  levels.set('rpc', 'trace');
  levels.set('network', 'silent');
  levels.set('node', 'info');
  levels.log('rpc').trace('told');
  levels.log('network').fatal('not told');
  levels.log('chain').info('not told');
  root.info('told');
  assert.deepEqual([levels.get('rpc'), levels.get('network'), lines.length], ['trace', 'silent', 2]);
  assert.equal(JSON.parse(lines[0]!).subsystem, 'rpc');
  assert.throws(() => levels.set('rpc', 'debg'), /"debg" is not a log level.* Did you mean "debug"\?/);
  assert.throws(() => levels.set('rcp', 'debug'), /Did you mean "rpc"\?/);
  assert.throws(() => levels.get('net'), /Did you mean "network"\?/);
});
