import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseLogLevels } from '../../../src/node/logLevels.ts';

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
