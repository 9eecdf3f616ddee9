import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { located, setLocation } from '../../../src/cli/location.ts';

after(() => setLocation(''));

test('commands in a text are for the node that was asked', () => {
  const text = 'See `indiecoin wallet history`, or `indiecoin rpc stop` and `ulimit -n`.';
  setLocation('');
  assert.equal(located(text), text);
  setLocation(' --network regtest --data-dir /a');
  assert.equal(
    located(text),
    'See `indiecoin wallet history --network regtest --data-dir /a`, or `indiecoin rpc stop --network regtest --data-dir /a` and `ulimit -n`.',
  );
});

test('a command that names its node already stays as it is', () => {
  setLocation(' --network regtest');
  for (const text of [
    '`indiecoin status --network testnet`',
    '`indiecoin node --data-dir /b`',
    '`indiecoin --help`',
  ])
    assert.equal(located(text), text);
});
