import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerJsonRpc } from '../../../src/rpc/jsonRpc.ts';
import { RpcError } from '../../../src/rpc/rpcError.ts';

async function call(method: string, params: unknown): Promise<unknown> {
  if (method === 'echo') return params;
  if (method === 'nothing') return undefined;
  if (method === 'broken') throw new Error('our own fault');
  throw new RpcError(-32601, 'Method not found');
}

async function ask(request: unknown): Promise<{ status: number; body: unknown }> {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  const { status, body } = await answerJsonRpc(text, call);
  return { status, body: body === undefined ? undefined : JSON.parse(body) };
}

describe('answerJsonRpc', () => {
  it('answers 1.0 with both fields and an HTTP status for errors', async () => {
    assert.deepEqual(await ask({ id: 7, method: 'echo', params: [1] }), {
      status: 200,
      body: { result: [1], error: null, id: 7 },
    });
    assert.deepEqual(await ask({ id: 'a', method: 'nope' }), {
      status: 404,
      body: { result: null, error: { code: -32601, message: 'Method not found' }, id: 'a' },
    });
    assert.deepEqual(await ask({ id: 1, method: 'broken' }), {
      status: 500,
      body: { result: null, error: { code: -32603, message: 'our own fault' }, id: 1 },
    });
  });

  it('answers 2.0 with one field and status 200, and a notification with nothing', async () => {
    assert.deepEqual(await ask({ jsonrpc: '2.0', id: 7, method: 'nothing' }), {
      status: 200,
      body: { jsonrpc: '2.0', result: null, id: 7 },
    });
    assert.deepEqual(await ask({ jsonrpc: '2.0', id: 7, method: 'nope' }), {
      status: 200,
      body: { jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' }, id: 7 },
    });
    assert.deepEqual(await ask({ jsonrpc: '2.0', method: 'echo' }), { status: 204, body: undefined });
  });

  it('answers a batch in its order, without the notifications', async () => {
    const batch = [
      { jsonrpc: '2.0', id: 1, method: 'echo', params: { a: 1 } },
      { jsonrpc: '2.0', method: 'echo' },
      { id: 2, method: 'nope' },
      5,
    ];
    const { status, body } = await ask(batch);
    assert.equal(status, 200);
    assert.deepEqual(
      (body as { id: unknown }[]).map(({ id }) => id),
      [1, 2, null],
    );
    assert.deepEqual((await ask([{ jsonrpc: '2.0', method: 'echo' }])).status, 204);
  });

  it('runs neighbours in a batch together where their method allows it, and all others in turn', async () => {
    const running: string[] = [];
    const seen: string[] = [];
    const call = async (method: string) => {
      running.push(method);
      seen.push(`${method} beside ${running.length - 1}`);
      await new Promise(setImmediate);
      running.splice(running.indexOf(method), 1);
      return method;
    };
    const batch = ['send', 'send', 'send', 'other', 'other', 'send'].map((method, id) => ({ id, method }));
    const { body } = await answerJsonRpc(JSON.stringify(batch), call, (method) => method === 'send');
    assert.deepEqual(
      JSON.parse(body!).map(({ id }: { id: number }) => id),
      [0, 1, 2, 3, 4, 5],
    );
    assert.deepEqual(seen, [
      'send beside 0',
      'send beside 1',
      'send beside 2',
      'other beside 0',
      'other beside 0',
      'send beside 0',
    ]);
  });

  it('says what is wrong with a request that is none', async () => {
    const codeOf = async (request: unknown) => {
      const { status, body } = await ask(request);
      return [status, (body as { error: { code: number } }).error.code];
    };
    assert.deepEqual(await codeOf('{'), [500, -32700]);
    assert.deepEqual(await codeOf(''), [500, -32700]);
    assert.deepEqual(await codeOf('5'), [400, -32600]);
    assert.deepEqual(await codeOf('null'), [400, -32600]);
    assert.deepEqual(await codeOf([]), [400, -32600]);
    assert.deepEqual(await codeOf({ id: 1 }), [400, -32600]);
    assert.deepEqual(await codeOf({ id: 1, method: 5 }), [400, -32600]);
    const tooMany = Array.from({ length: 10_001 }, () => ({ id: 1, method: 'echo' }));
    assert.deepEqual(await codeOf(tooMany), [400, -32600]);
  });
});
