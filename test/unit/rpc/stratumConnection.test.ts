import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { LOGIN_MS, StratumConnection } from '../../../src/rpc/stratumConnection.ts';

/** Both ends of a connection over loopback. */
async function withConnection(
  run: (connection: StratumConnection, far: Socket) => Promise<void>,
  handle: () => Promise<unknown> = async () => true,
): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as { port: number }).port, '127.0.0.1');
  far.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const connection = new StratumConnection(socket, Buffer.alloc(4), handle, () => undefined);
  try {
    await run(connection, far);
  } finally {
    connection.close();
    far.destroy();
    server.close();
  }
}

test('who does not say who he is is gone after half a minute, and who does may stay', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await withConnection(async (_connection, far) => {
    t.mock.timers.tick(LOGIN_MS - 1);
    assert.equal(far.destroyed, false);
    t.mock.timers.tick(1);
    await once(far, 'close');
  });
  await withConnection(async (connection, far) => {
    connection.noteActivity();
    t.mock.timers.tick(LOGIN_MS + 1);
    await new Promise(setImmediate);
    assert.equal(far.destroyed, false);
    // A quarter of an hour without a share.
    t.mock.timers.tick(15 * 60_000);
    await once(far, 'close');
  });
});

test('who reads nothing of what he is sent is cut off', async () => {
  await withConnection(async (connection, far) => {
    far.pause();
    const closed = once(far, 'close');
    for (let i = 0; i < 10_000; i++) connection.send(`${'x'.repeat(1000)}\n`);
    far.resume();
    await closed;
  });
});

test('requests whose answers are under way are bounded', async () => {
  await withConnection(
    async (_connection, far) => {
      const closed = once(far, 'close');
      far.write('{"id":1,"method":"slow","params":[]}\n'.repeat(65));
      await closed;
    },
    () => new Promise(() => undefined),
  );
});
