import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { type TestNode, TestNodes, until } from '../support/networkNodes.ts';

/** Connections that only take up room: none of them keeps a newcomer out. */

const GENESIS = regtest.genesis.header.hash;
const SOCKETS = 500;

/** So many sockets that are opened anew whenever the node closes them: waiting for their end is no way in. */
class Crowd {
  readonly #port: number;
  readonly #bytes: Buffer | undefined;
  readonly #sockets = new Set<Socket>();
  #hasEnded = false;

  constructor(port: number, bytes: Buffer | undefined) {
    this.#port = port;
    this.#bytes = bytes;
    for (let i = 0; i < SOCKETS; i++) this.#open(i);
  }

  get connected(): number {
    return [...this.#sockets].filter(({ readyState }) => readyState !== 'opening').length;
  }

  #open(i: number): void {
    // All of 127/8 is this machine: callers from many addresses.
    const localAddress = `127.0.0.${2 + (i % 50)}`;
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress });
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (!this.#hasEnded) setTimeout(() => this.#hasEnded || this.#open(i), 200);
    });
    if (this.#bytes !== undefined) socket.write(this.#bytes);
    socket.resume();
  }

  end(): void {
    this.#hasEnded = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function join(node: TestNode): Promise<void> {
  const guest = await BareNode.open('regtest', GENESIS);
  try {
    await until('a newcomer takes part', async () => {
      await guest.join(node.address).catch(() => undefined);
      return isThere(node, guest);
    });
  } finally {
    await guest.close();
  }
}

function isThere(node: TestNode, guest: BareNode): boolean {
  return node.network.peers().some(({ peerId, height }) => peerId === guest.peerId && height !== undefined);
}

const silent: { name: string; bytes?: Buffer }[] = [
  { name: 'that never speak' },
  { name: 'that stop in the middle of a word', bytes: Buffer.from('\x13/multistream/1.0') },
  {
    name: 'that begin noise and stop',
    bytes: Buffer.concat([Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'), randomBytes(1)]),
  },
];

for (const { name, bytes } of silent) {
  test(`five hundred sockets ${name}: a newcomer joins all the same`, () =>
    TestNodes.with(async (nodes) => {
      const node = await nodes.open();
      const crowd = new Crowd(node.network.listenPort, bytes);
      try {
        await until('most are there', () => crowd.connected > 400);
        for (let i = 0; i < 3; i++) await join(node);
        assert.ok(crowd.connected > 200);
      } finally {
        crowd.end();
      }
    }));
}

test('peers that never say who they are make room for one that does', () =>
  TestNodes.with(async (nodes) => {
    const node = await nodes.open({ maxPeers: 8 });
    const mutes: BareNode[] = [];
    try {
      for (let i = 0; i < 16; i++) {
        const mute = await BareNode.open('regtest', GENESIS);
        mutes.push(mute);
        // It never answers, and never asks.
        await mute.answer('status/1', () => new Promise<Buffer[]>(() => undefined));
        await mute.connect(node.address).catch(() => undefined);
      }
      await join(node);
    } finally {
      await Promise.all(mutes.map((mute) => mute.close()));
    }
  }));
