import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chownCommand } from '../../../src/cli/ownership.ts';

test('what root is told to type names one folder, whatever is in its name', () => {
  assert.match(chownCommand('/srv/coins'), /^chown -R \S+: \/srv\/coins$/);
  assert.match(chownCommand('/srv/my coins; x'), /^chown -R \S+: '\/srv\/my coins; x'$/);
});
