import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { NodeServices } from '../../../src/rpc/nodeServices.ts';
import { rpcMethod, usageOf } from '../../../src/rpc/rpcMethod.ts';

const method = rpcMethod({
  name: 'move',
  theme: 'Test',
  summary: 'Moves.',
  example: 'indiecoin rpc move a 2',
  parameters: { what: z.string(), steps: z.int().min(0).default(1), fast: z.boolean().optional() },
  run: (_services, given) => given,
});
// Handlers of this test look at no service.
const none = {} as NodeServices;
const context = { signal: new AbortController().signal, active: () => [] };
const run = (params: unknown) => method.handle(none, params, context);

describe('rpcMethod', () => {
  it('takes parameters by position and by name, null for what is left out', () => {
    assert.deepEqual(run(['a']), { what: 'a', steps: 1 });
    assert.deepEqual(run(['a', null, true]), { what: 'a', steps: 1, fast: true });
    assert.deepEqual(run({ what: 'a', steps: 3 }), { what: 'a', steps: 3 });
    assert.deepEqual(run({ args: ['a'], steps: 3, fast: null }), { what: 'a', steps: 3 });
  });

  it('has a code of Bitcoin for every kind of mistake', () => {
    assert.throws(() => run([]), { code: -1, message: 'move what ( steps ) ( fast )' });
    assert.throws(() => run(['a', 1, true, 'more']), { code: -1 });
    assert.throws(() => run(['a', 'two']), { code: -3 });
    assert.throws(() => run(['a', -1]), { code: -8 });
    assert.throws(() => run({ what: 'a', speed: 1 }), { code: -8, message: 'Unknown named parameter speed' });
    assert.throws(() => run('a'), { code: -32600 });
    assert.throws(() => run({ args: ['a', 2], steps: 3 }), { code: -8, message: /steps specified twice/ });
    assert.throws(() => run({ args: 'a' }), { code: -8 });
    assert.throws(() => run({ args: ['a', 2, true, 4] }), { code: -1 });
  });

  it('writes its usage as Bitcoin does', () => {
    assert.equal(usageOf(method), 'move what ( steps ) ( fast )');
  });
});
