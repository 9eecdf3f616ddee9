import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Uint8ArrayList } from 'uint8arraylist';
import type { Host } from '../../../src/network/host.ts';
import { MAX_WAITING_FRAMES, MAX_WAITING_IN_ALL, meterStreams } from '../../../src/network/streamMeter.ts';

/** As much of a libp2p connection as is looked at, whose other side reads nothing. */
class Unread extends EventTarget {
  readonly remotePeer = 'somebody';
  readonly writeBuffer = new Uint8ArrayList();
  isOpen = true;
  readonly muxer = {
    addEventListener: () => undefined,
    handlePing: () => undefined,
    incomingStream: () => undefined,
    maConn: { writeBuffer: this.writeBuffer, send: (data: Uint8Array) => this.writeBuffer.append(data) },
  };

  abort(): void {
    this.isOpen = false;
    this.dispatchEvent(new Event('close'));
  }

  send(frames: number): void {
    for (let i = 0; i < frames && this.isOpen; i++) this.muxer.maConn.send(Uint8Array.of(1));
  }
}

function connected(count: number): Unread[] {
  const host = new EventTarget();
  meterStreams(host as unknown as Host, () => assert.fail('no fault of anybody'));
  return Array.from({ length: count }, () => {
    const connection = new Unread();
    host.dispatchEvent(new CustomEvent('connection:open', { detail: connection }));
    return connection;
  });
}

test('a connection in which too many frames wait is ended', () => {
  const [connection] = connected(1);
  connection!.send(MAX_WAITING_FRAMES);
  assert.ok(connection!.isOpen);
  connection!.send(1);
  assert.ok(!connection!.isOpen);
});

test('where too many frames wait in all connections together, those with the most are ended, and no others', () => {
  const each = MAX_WAITING_FRAMES - 1000;
  const [honest, ...strangers] = connected(12);
  honest!.send(900);
  for (const stranger of strangers) stranger.send(each);
  assert.ok(honest!.isOpen);
  const waiting = strangers.filter(({ isOpen }) => isOpen).length * each;
  assert.ok(waiting <= MAX_WAITING_IN_ALL && waiting > MAX_WAITING_IN_ALL / 2, `${waiting}`);
});
