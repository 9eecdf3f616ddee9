import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bytesToHex, hashToHex, hexToBytes } from '../../src/bytes/hex.ts';
import { decodeTransaction } from '../../src/primitives/transaction.ts';
import { makeKeys } from '../support/blocks.ts';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, until } from '../support/nodeProcess.ts';
import { miner, payOn } from '../support/payments.ts';

type Event = Readonly<{ id: string; event: string; data: Record<string, unknown> }>;

/** A reader of the stream, as the HTML standard describes one: blocks of lines, ended by an empty one. */
class Reader {
  readonly events: Event[] = [];
  readonly status: number;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.#abort = abort;
    if (response.status === 200) void this.#read(response).catch(() => undefined);
  }

  static async open(node: NodeProcess, query = '', headers: Record<string, string> = {}): Promise<Reader> {
    const [address, login] = ['.rpc-address', '.cookie'].map((file) =>
      readFileSync(join(node.dataDir, file), 'utf8').trim(),
    );
    const abort = new AbortController();
    const authorization = `Basic ${Buffer.from(login!).toString('base64')}`;
    const response = await fetch(`http://${address}/events${query}`, {
      headers: { authorization, ...headers },
      signal: abort.signal,
    });
    return new Reader(response, abort);
  }

  of(type: string): Event[] {
    return this.events.filter(({ event }) => event === type);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (text + chunk).split('\n\n');
      text = parts.pop()!;
      for (const part of parts) {
        const fields = Object.fromEntries(
          part.split('\n').flatMap((line) => {
            const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
            return name === undefined ? [] : [[name, value]];
          }),
        );
        if (fields.data !== undefined)
          this.events.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data) } as Event);
      }
    }
  }
}

describe('the stream of events', () => {
  let folder: string;
  let nodes: NodeProcess[] = [];
  const address = bytesToHex(miner.publicKey);

  before(async () => {
    folder = await temporaryFolder();
    for (const name of ['first', 'second']) mkdirSync(join(folder, name));
    const first = await NodeProcess.start({ dataDir: join(folder, 'first') });
    await first.rpc('generatetoaddress', 101, address);
    nodes = [
      first,
      await NodeProcess.start({ dataDir: join(folder, 'second'), seeds: [await first.listenAddress()] }),
    ];
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('tells of blocks, transactions, reorganizations and the state, in their order', async () => {
    const [first, second] = nodes as [NodeProcess, NodeProcess];
    await until('up to date', async () => (await second.height()) === 101);
    const reader = await Reader.open(second);
    const [hash] = await first.rpc<[string]>('generatetoaddress', 1, address);
    await until('the block', () => reader.of('block').length === 1);
    const [block] = reader.of('block');
    const previousHash = await first.rpc('getblockhash', 101);
    const { timeSec, bytes, ...rest } = block!.data;
    assert.deepEqual(rest, { type: 'block', hash, height: 102, previousHash, transactions: 1 });
    assert.deepEqual([typeof timeSec, typeof bytes], ['number', 'number']);

    const from = await first.rpc<{ tx: string[] }>('getblock', await first.rpc('getblockhash', 1));
    const raw = await first.rpc<string>(
      'getrawtransaction',
      from.tx[0],
      0,
      await first.rpc('getblockhash', 1),
    );
    const payment = payOn([decodeTransaction(hexToBytes(raw))], { fee: 1234n });
    await second.rpc('sendrawtransaction', bytesToHex(payment.bytes));
    await until('the payment', () => reader.of('transaction').length === 1);
    const paid = reader.of('transaction')[0]!.data;
    assert.deepEqual([paid.txid, paid.fee], [hashToHex(payment.hash), '0.00001234']);

    await second.rpc('invalidateblock', hash);
    const other = bytesToHex(makeKeys().publicKey);
    const branch = await second.rpc<string[]>('generatetoaddress', 2, other);
    await until('the branch', () => reader.of('block').length === 3);
    const [{ data }] = reader.of('reorganization') as [Event];
    assert.deepEqual(data, {
      type: 'reorganization',
      forkHeight: 101,
      forkHash: previousHash,
      disconnected: [hash],
      connected: 0,
    });
    assert.deepEqual(
      reader.of('block').map((event) => event.data.hash),
      [hash, ...branch],
    );
    const order = reader.events.map(({ event }) => event).filter((event) => event !== 'sync');
    assert.deepEqual(order, ['block', 'transaction', 'reorganization', 'block', 'block']);

    await first.kill();
    await until('alone', () => reader.of('sync').some((event) => event.data.state === 'isolated'));
    reader.close();
  });

  test('goes on where a reader was, and says when it cannot', async () => {
    const node = nodes[1]!;
    const reader = await Reader.open(node, '?types=block');
    await node.rpc('generatetoaddress', 3, address);
    await until('three blocks', () => reader.events.length === 3);
    reader.close();
    const again = await Reader.open(node, '?types=block', { 'last-event-id': reader.events[0]!.id });
    await until('two blocks', () => again.events.length === 2);
    assert.deepEqual(again.events, reader.events.slice(1));
    again.close();
    for (const id of ['other-1', 'nonsense', reader.events[0]!.id.replace(/\d+$/, '999999')]) {
      const lost = await Reader.open(node, '', { 'last-event-id': id });
      await until('it is said', () => lost.events.length > 0);
      assert.deepEqual(lost.events[0], { id: undefined, event: 'missed', data: { type: 'missed' } });
      lost.close();
    }
  });

  test('is for those who may ask, for so many at once, and for known types', async () => {
    const node = nodes[1]!;
    assert.equal((await Reader.open(node, '', { authorization: 'Basic YTpi' })).status, 401);
    assert.equal((await Reader.open(node, '', { origin: 'http://example.org' })).status, 403);
    assert.equal((await Reader.open(node, '?types=block,nonsense')).status, 400);
    assert.equal((await Reader.open(node, '?types=')).status, 400);
    const readers = await Promise.all(Array.from({ length: 32 }, () => Reader.open(node)));
    assert.ok(readers.every(({ status }) => status === 200));
    assert.equal((await Reader.open(node)).status, 503);
    for (const reader of readers) reader.close();
    await until('there is room again', async () => {
      const reader = await Reader.open(node);
      reader.close();
      return reader.status === 200;
    });
    const last = await Reader.open(node);
    assert.equal(await node.stop(), 0, 'an open stream does not keep the node from ending');
    last.close();
  });
});
