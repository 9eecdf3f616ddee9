import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeKeys } from '../support/blocks.ts';
import { withFolder } from '../support/chains.ts';
import { networkFileText } from '../support/networkFile.ts';
import { networkOfBits } from '../support/networkOfBits.ts';
import { NodeProcess, until } from '../support/nodeProcess.ts';
import { hashNumber, StratumClient, targetOfBits } from '../support/stratumClient.ts';

/** Mining machines by Stratum v1, against the program as its user starts it. */

const ownKey = Buffer.from(makeKeys().publicKey).toString('hex');
const otherKey = Buffer.from(makeKeys().publicKey).toString('hex');

type Status = {
  address: string;
  connections: number;
  blocksFound: number;
  shares: Record<string, number>;
  workers: Record<string, { accepted: number; stale: number; rejected: number; blocks: number }>;
};

/** A node with the door open, on a network of these bits. */
async function withDoor(
  bits: number,
  run: (node: NodeProcess, address: string, status: () => Promise<Status>) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const network = join(folder, 'test.toml');
    writeFileSync(network, networkFileText(networkOfBits(bits), 'test'));
    const node = await NodeProcess.start({
      dataDir: join(folder, 'node'),
      network,
      args: ['--stratum-port', '0', '--public-key', ownKey],
    });
    try {
      const status = () => node.rpc<Status>('stratumstatus');
      await run(node, (await status()).address, status);
    } finally {
      assert.equal(await node.stop(), 0);
    }
  });
}

/** The key that the coinbase of a block pays. */
async function payeeOf(node: NodeProcess, height: number): Promise<string> {
  const hash = await node.rpc<string>('getblockhash', height);
  const block = await node.rpc<string>('getblock', hash, 0);
  return /2321(0[23][0-9a-f]{64})ac/.exec(block)![1]!;
}

/** 2^16 hashes a block: some 10 ms. */
const SOME = 0x1f00ffff;
/** 2^32 hashes a block: shares only. */
const NONE = 0x1d00ffff;

test('a machine finds blocks, and each of them stops the work of the others at once', async () => {
  await withDoor(SOME, async (node, address, status) => {
    const machine = await StratumClient.ready(address, 'shed.one');
    const other = await StratumClient.ready(address, otherKey);
    assert.notDeepEqual(machine.extraNonce1, other.extraNonce1);
    assert.equal(machine.work.isClean, true);
    for (let height = 1; height <= 5; height++) {
      const [mining, idle] = height % 2 === 1 ? [machine, other] : [other, machine];
      const user = mining === machine ? 'shed.one' : otherKey;
      const { work } = mining;
      const [stale, count] = [idle.work, idle.works.length];
      const late = await idle.find(stale);
      const answer = await mining.submit(user, work, (await mining.find(work))!);
      assert.deepEqual([answer.result, answer.error], [true, null]);
      await idle.until('new work', () => idle.works.length > count);
      assert.equal(idle.work.isClean, true);
      assert.equal(await node.height(), height);
      assert.equal(await payeeOf(node, height), mining === machine ? ownKey : otherKey);
      // Work on the old tip is refused, and never submitted.
      const refused = await idle.submit(mining === machine ? otherKey : 'shed.one', stale, late!);
      assert.equal(refused.error?.[0], 21);
    }
    const now = await status();
    assert.equal(now.connections, 2);
    assert.equal(now.blocksFound, 5);
    assert.deepEqual(now.shares, { accepted: 5, stale: 5, duplicate: 0, low: 0, invalid: 0 });
    assert.deepEqual([now.workers['shed.one']!.blocks, now.workers[otherKey]!.blocks], [3, 2]);
    const { external } = await node.rpc<{ external: { blocksFound: number } }>('miningstatus');
    assert.equal(external.blocksFound, 5);
    machine.close();
    await until('one machine', async () => (await status()).connections === 1);
    other.close();
  });
});

test('the fees of payments are in the work, and the payments in the block', async () => {
  await withFolder(async (folder) => {
    const args = ['--stratum-port', '0'];
    const node = await NodeProcess.start({ dataDir: join(folder, 'node'), args });
    try {
      const { address: own } = await node.rpc<{ address: string }>('walletaddress');
      await node.rpc('generatetoaddress', 103, own);
      for (let i = 0; i < 3; i++) await node.rpc('walletsend', ownKey, '1');
      const { address } = await node.rpc<Status>('stratumstatus');
      const machine = await StratumClient.ready(address, 'one');
      assert.equal(machine.work.branch.length, 2);
      const found = await machine.find(machine.work);
      assert.equal((await machine.submit('one', machine.work, found!)).result, true);
      await until('the block', async () => (await node.height()) === 104);
      const hash = await node.rpc<string>('getblockhash', 104);
      assert.equal((await node.rpc<{ nTx: number }>('getblock', hash)).nTx, 4);
      machine.close();
    } finally {
      await node.stop();
    }
  });
});

test('shares: as hard as was told, each once, of a time and a version that may be', async () => {
  await withDoor(NONE, async (_node, address, status) => {
    const machine = await StratumClient.ready(address, 'one', 'd=0.0002');
    await machine.until('an easy difficulty', () => machine.difficulty === 0.0002);
    const { work } = machine;
    const codeOf = async (...given: Parameters<StratumClient['submit']>) =>
      (await machine.submit(...given)).error?.[0];
    const found = (await machine.find(work, machine.shareTarget))!;
    assert.ok(hashNumber(machine.header(work, found)) <= machine.shareTarget);
    assert.equal((await machine.submit('one', work, found)).result, true);
    assert.equal(await codeOf('one', work, found), 22);
    assert.equal(
      await codeOf('one', work, {
        ...found,
        nonce: found.nonce.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      }),
      23,
    );
    assert.equal(await codeOf('two', work, found), 24);
    assert.equal(await codeOf('one', { ...work, id: 'ffffffffff' }, found), 21);
    for (const bad of [
      { ...found, nonce: '1' },
      { ...found, nonce: 'zzzzzzzz' },
      { ...found, extraNonce2: `${found.extraNonce2}00` },
      { ...found, time: '' },
      { ...found, versionBits: '00002000' },
    ]) {
      assert.equal(await codeOf('one', work, bad), 20);
    }
    const future = Math.floor(Date.now() / 1000) + 7100;
    const ahead = (await machine.find(work, machine.shareTarget, { timeSec: future }))!;
    assert.equal((await machine.submit('one', work, ahead)).result, true);
    const tooFar = (await machine.find(work, machine.shareTarget, { timeSec: future + 200 }))!;
    assert.equal(await codeOf('one', work, tooFar), 20);
    const past = (await machine.find(work, machine.shareTarget, { timeSec: 1 }))!;
    assert.equal(await codeOf('one', work, past), 20);

    // BIP310: only bits that were asked for, and are free.
    const answer = await machine.configure('ffffffff');
    assert.deepEqual(answer, { 'version-rolling': true, 'version-rolling.mask': '1fffe000' });
    const rolled = (await machine.find(work, machine.shareTarget, { versionBits: 0x0aaaa000 }))!;
    assert.equal((await machine.submit('one', work, rolled)).result, true);
    assert.equal(await codeOf('one', work, { ...rolled, versionBits: '20000000' }), 20);
    assert.deepEqual(await machine.configure('00c00000'), {
      'version-rolling': true,
      'version-rolling.mask': '00c00000',
    });
    const now = await status();
    assert.equal(now.shares.accepted, 3);
    assert.deepEqual([now.shares.duplicate, now.shares.low], [1, 1]);
    machine.close();
  });
});

test('a version that was rolled is a valid block', async () => {
  await withDoor(SOME, async (node, address) => {
    const machine = await StratumClient.ready(address, 'one');
    await machine.configure('1fffe000');
    const { work } = machine;
    const found = (await machine.find(work, targetOfBits(work.bits), { versionBits: 0x1555_4000 }))!;
    assert.equal((await machine.submit('one', work, found)).result, true);
    await until('the block', async () => (await node.height()) === 1);
    const header = await node.rpc<{ versionHex: string }>(
      'getblockheader',
      await node.rpc('getbestblockhash'),
    );
    assert.equal(header.versionHex, '35554000');
    machine.close();
  });
});

test('the difficulty follows the machine, and what it was told before still counts', async () => {
  await withDoor(NONE, async (_node, address) => {
    const machine = await StratumClient.ready(address, 'one', 'd=0.0001');
    await machine.until('the easiest difficulty', () => machine.difficulty === 0.0001);
    const first = machine.difficulty;
    const { work, shareTarget } = machine;
    let changes = 0;
    for (let shares = 0; shares < 60 && changes === 0; shares++) {
      const found = await machine.find(work, shareTarget);
      assert.equal((await machine.submit('one', work, found!)).result, true);
      if (machine.difficulty !== first) changes++;
    }
    assert.ok(machine.difficulty > 1.5 * first, `${machine.difficulty}`);
    // With the new difficulty came a new job; the old one's shares are still judged by the old one.
    await machine.until('a new job', () => machine.works.length > 1);
    assert.notEqual(machine.work.id, work.id);
    assert.equal(machine.work.isClean, false);
    const late = await machine.find(work, shareTarget);
    assert.equal((await machine.submit('one', work, late!)).result, true);
    machine.close();
  });
});

test('hostile and broken machines are told so, and are bounded', async () => {
  await withDoor(NONE, async (node, address) => {
    const machine = await StratumClient.connect(address);
    const code = async (method: string, ...params: unknown[]) =>
      (await machine.answer(method, ...params)).error?.[0];
    assert.equal(await code('mining.submit', 'one', '1', '00000000', '00000000', '00000000'), 25);
    await machine.subscribe();
    assert.equal(await code('mining.submit', 'one', '1', '00000000', '00000000', '00000000'), 24);
    assert.equal(await code('mining.authorize', 7), 24);
    assert.equal(await code('mining.authorize', 'a name with\nanother line'), 24);
    assert.equal(await code('mining.authorize', 'x'.repeat(129)), 24);
    assert.equal(await code('mining.authorize', 'icrt1nonsense.rig'), 24);
    assert.equal(await code('mining.get_transactions'), 20);
    assert.equal(await code('mining.suggest_difficulty', -1), 20);
    assert.equal(await code('mining.configure', 'all'), 20);
    assert.equal(await machine.request('mining.extranonce.subscribe'), true);
    for (let i = 0; i < 16; i++) assert.equal(await machine.request('mining.authorize', `w${i}`), true);
    assert.equal(await code('mining.authorize', 'one-too-many'), 24);
    machine.close();

    const closes = async (write: (client: StratumClient) => void) => {
      const client = await StratumClient.connect(address);
      write(client);
      await client.until('the end of the connection', () => client.isClosed);
    };
    // The longest line that is read, and one that is longer, with and without an end.
    const longest = await StratumClient.connect(address);
    const request = (length: number) => {
      const text = JSON.stringify({ id: 1, method: 'mining.ping', params: [''] });
      return text.replace('[""]', `["${'x'.repeat(length - text.length)}"]`);
    };
    longest.socket.write(`${request(4096)}\n`);
    await sleep(300);
    assert.equal(longest.isClosed, false);
    longest.close();
    await closes((client) => client.socket.write(`${request(4097)}\n`));
    await closes((client) => client.socket.write('x'.repeat(5000)));
    await closes((client) => client.socket.write('not json\n'.repeat(100)));
    await closes((client) =>
      client.socket.write('{"id":1,"method":"mining.ping","params":[]}\n'.repeat(1000)),
    );
    await closes((client) => client.socket.write('[]\n'.repeat(150)));

    // No more than so many of one address; the next one of them gets in when another has gone.
    const crowd = await Promise.all(Array.from({ length: 128 }, () => StratumClient.connect(address)));
    const tooMany = await StratumClient.connect(address);
    await tooMany.until('no room', () => tooMany.isClosed);
    crowd[0]!.close();
    // As soon as the node has noticed.
    const next = await until('a place is free', () =>
      StratumClient.ready(address, 'next').catch(() => undefined),
    );
    assert.equal(next.work.isClean, true);
    for (const client of [...crowd, next]) client.close();
    assert.equal(await node.height(), 0);
  });
});
