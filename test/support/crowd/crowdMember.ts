import '../../../src/bytes/promiseWithResolvers.ts';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@libp2p/interface';
import { regtest } from '../../../src/params/regtest.ts';
import { BareNode, OK } from '../bareNode.ts';
import { field } from '../wire.ts';
import type { CrowdAnswer, CrowdOrder } from './crowdOrders.ts';

// A process of its own that holds many small peers of one node: see crowdOrders.ts.

const FETCH_PATIENCE_MS = 180_000;
/** As a node does that was told to wait. */
const RETRY_MS = 2000;
const STRANGERS_AT_ONCE = 8;
const SOCKET_MS = 10_000;

type Member = Readonly<{ node: BareNode; connection: Connection }>;

const members: Member[] = [];

process.on('message', (order: CrowdOrder) => {
  void obey(order)
    .catch((error): CrowdAnswer => ({ failure: String(error?.stack ?? error) }))
    .then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit(0));

function obey(order: CrowdOrder): Promise<CrowdAnswer> {
  switch (order.do) {
    case 'join':
      return join(order.target, order.from);
    case 'count':
      return count(order.blockHash);
    case 'fetch':
      return fetchBlock(order.blockHash, order.bytes);
    case 'knock':
      return knock(order);
  }
}

async function join(target: string, from: readonly string[]): Promise<CrowdAnswer> {
  for (const address of from) {
    const node = await openPeer(address);
    members.push({ node, connection: await node.join(target) });
  }
  return { joined: members.length };
}

async function count(blockHash: string): Promise<CrowdAnswer> {
  const isIt = ({ data }: { data: Buffer }) => hashOf(data) === blockHash;
  return {
    connected: members.filter(isConnected).length,
    heard: members.filter(({ node }) => node.heard.some(isIt)).length,
  };
}

async function fetchBlock(blockHash: string, bytes: number): Promise<CrowdAnswer> {
  const startMs = performance.now();
  const request = field(1, Buffer.from(blockHash, 'hex').reverse());
  const fetchedMs: number[] = [];
  const failures: Record<string, number> = {};
  const ask = async ({ node, connection }: Member): Promise<string | undefined> => {
    try {
      const chunks = await node.ask(connection, 'blocks/1', request);
      const block = chunks.find(({ status, payload }) => status === OK && payload.length > 0)?.payload;
      if (block?.length === bytes && hashOf(block) === blockHash) return undefined;
      return chunks.at(-1)?.message || `an answer with status ${chunks.at(-1)?.status}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const fetchOne = async (member: Member) => {
    while (performance.now() - startMs < FETCH_PATIENCE_MS) {
      const failure = await ask(member);
      if (failure === undefined) {
        fetchedMs.push(performance.now() - startMs);
        return;
      }
      failures[failure] = (failures[failure] ?? 0) + 1;
      if (!isConnected(member)) return;
      await sleep(RETRY_MS * (0.5 + Math.random()));
    }
  };
  await Promise.all(members.filter(isConnected).map(fetchOne));
  return { fetchedMs, failures };
}

function isConnected({ connection }: Member): boolean {
  return connection.status === 'open';
}

async function knock(order: CrowdOrder & { do: 'knock' }): Promise<CrowdAnswer> {
  const { target, socketsFrom, sockets, strangersFrom, strangers } = order;
  const [, host = '', port = ''] = /\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(target) ?? [];
  const silent = Array.from({ length: sockets }, (_, i) => {
    const socket = connect({ host, port: Number(port), localAddress: socketsFrom[i % socketsFrom.length]! });
    socket.on('error', () => socket.destroy());
    return socket;
  });
  const visitors: BareNode[] = [];
  let answered = 0;
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < strangers; i = next++) {
      const node = await openPeer(strangersFrom[i % strangersFrom.length]!);
      visitors.push(node);
      const isAnswered = await node.join(target).then(
        () => true,
        () => false,
      );
      // Not with `+=` around the await: others count meanwhile.
      if (isAnswered) answered++;
    }
  };
  await Promise.all(Array.from({ length: STRANGERS_AT_ONCE }, worker));
  // They stay as long as they are let, and leave together.
  await Promise.all(silent.map((socket) => closed(socket)));
  await Promise.all(visitors.map((node) => node.close()));
  return { answered, refused: strangers - answered };
}

function openPeer(from: string): Promise<BareNode> {
  return BareNode.open(regtest.name, regtest.genesis.header.hash, from);
}

/** Waits until the other side hangs up, or as long as it should have taken to do so. */
async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed)
    await once(socket, 'close', { signal: AbortSignal.timeout(SOCKET_MS) }).catch(() => undefined);
  socket.destroy();
}

/** Of a block, as people write it. */
function hashOf(block: Uint8Array): string {
  const inner = createHash('sha256').update(block.subarray(0, 80)).digest();
  return createHash('sha256').update(inner).digest().reverse().toString('hex');
}
