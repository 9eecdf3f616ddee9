import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeKeys } from '../support/blocks.ts';
import { withFolder } from '../support/chains.ts';
import {
  appendToCoinbase,
  blockOf,
  headerOf,
  reversed,
  sha256d,
  solveHeader,
  type WireTemplate,
} from '../support/externalMiner.ts';
import { networkFileText } from '../support/networkFile.ts';
import { networkOfBits } from '../support/networkOfBits.ts';
import { NodeProcess, type RpcFailure, until } from '../support/nodeProcess.ts';

/** External miners by getblocktemplate and submitblock, against the program as its user starts it. */

const keyHex = Buffer.from(makeKeys().publicKey).toString('hex');
const otherHex = Buffer.from(makeKeys().publicKey).toString('hex');

async function withNode(
  run: (node: NodeProcess) => Promise<void>,
  options: { args?: readonly string[]; seeds?: readonly string[]; network?: (folder: string) => string } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const { args = [], seeds = [] } = options;
    const network = options.network?.(folder) ?? 'regtest';
    const node = await NodeProcess.start({ dataDir: join(folder, 'node'), args, seeds, network });
    try {
      await run(node);
    } finally {
      await node.stop();
    }
  });
}

async function refusal(call: Promise<unknown>): Promise<number> {
  return call.then(
    () => assert.fail('was not refused'),
    (error: RpcFailure) => error.code,
  );
}

test('a miner written from BIP22 mines with what the node gives it', async () => {
  await withNode(
    async (node) => {
      await node.rpc('generatetoaddress', 101, keyHex);
      const template = await node.rpc<WireTemplate>('getblocktemplate', {
        capabilities: ['coinbasetxn'],
        rules: ['segwit'],
      });
      assert.equal(template.height, 102);
      assert.equal(template.previousblockhash, await node.rpc('getbestblockhash'));
      assert.equal(template.coinbasevalue, 5_000_000_000);
      assert.equal(Math.abs(template.coinbasetxn.fee), 0);
      assert.equal(template.coinbasetxn.required, true);
      assert.ok(template.coinbasetxn.data.includes(`21${keyHex}ac`), 'pays --public-key');
      assert.equal(template.noncerange, '00000000ffffffff');
      assert.equal(template.bits, '207fffff');
      assert.equal(template.target, `7fffff${'0'.repeat(58)}`);
      assert.equal(template.sizelimit, 3_000_000);
      assert.equal(template.sigoplimit, 58_000);
      assert.equal(template.vbrequired, 0);
      assert.ok(template.mutable.includes('coinbase/append'));
      assert.ok(template.capabilities.includes('proposal'));
      assert.ok(template.mintime <= template.curtime);
      assert.ok(template.longpollid.startsWith(template.previousblockhash));

      // Each asker gets a coinbase of its own, so that no two of them hash the same.
      const again = await node.rpc<WireTemplate>('getblocktemplate');
      assert.notEqual(again.coinbasetxn.txid, template.coinbasetxn.txid);
      const other = await node.rpc<WireTemplate>('getblocktemplate', {}, otherHex);
      assert.ok(other.coinbasetxn.data.includes(`21${otherHex}ac`));

      const block = blockOf(template);
      assert.equal(await node.rpc('getblocktemplate', { mode: 'proposal', data: block }), null);
      // A workid, which BIP22 lets a client send back.
      assert.equal(await node.rpc('submitblock', block, { workid: '' }), null);
      assert.equal(await node.height(), 102);
      assert.equal(await node.rpc('submitblock', block), 'duplicate');
      assert.equal(await node.rpc('getblocktemplate', { mode: 'proposal', data: block }), 'duplicate');
      assert.equal(
        await node.rpc('getblocktemplate', { mode: 'proposal', data: blockOf(again) }),
        'inconclusive-not-best-prevblk',
      );
      // On the old tip: a brother of what is the tip now.
      assert.equal(await node.rpc('submitblock', blockOf(again)), 'inconclusive');
    },
    { args: ['--public-key', keyHex] },
  );
});

test('a miner may change what it was told it may, and no more', async () => {
  await withNode(async (node) => {
    const ask = () => node.rpc<WireTemplate>('getblocktemplate', {}, keyHex);
    // The script may have 100 bytes: the height and the extra nonce take 10 of them here.
    let template = await ask();
    const script = Buffer.from(template.coinbasetxn.data, 'hex')[41]!;
    const room = 100 - script;
    const tooLong = appendToCoinbase(template.coinbasetxn.data, Buffer.alloc(room + 1, 7));
    assert.equal(await node.rpc('submitblock', blockOf(template, { coinbase: tooLong })), 'bad-cb-length');
    const longest = appendToCoinbase(template.coinbasetxn.data, Buffer.alloc(room, 7));
    assert.equal(await node.rpc('submitblock', blockOf(template, { coinbase: longest })), null);

    template = await ask();
    const tooEarly = { timeSec: template.mintime - 1 };
    assert.equal(await node.rpc('submitblock', blockOf(template, tooEarly)), 'time-too-old');
    assert.equal(await node.rpc('submitblock', blockOf(template, { timeSec: template.mintime })), null);

    template = await ask();
    const tooLate = { timeSec: Math.floor(Date.now() / 1000) + 7300 };
    assert.equal(await node.rpc('submitblock', blockOf(template, tooLate)), 'time-too-new');
    const greedy = Buffer.from(
      template.coinbasetxn.data.replace('00f2052a01000000', '01f2052a01000000'),
      'hex',
    );
    assert.equal(await node.rpc('submitblock', blockOf(template, { coinbase: greedy })), 'bad-cb-amount');
    const unsolved = Buffer.from(blockOf(template, { isSolved: false }), 'hex');
    for (let nonce = 0; ; nonce++) {
      unsolved.writeUInt32LE(nonce, 76);
      const answer = await node.rpc('submitblock', unsolved.toString('hex'));
      if (answer === 'high-hash') break;
      assert.notEqual(answer, 'rejected');
      template = await ask();
      Buffer.from(blockOf(template, { isSolved: false }), 'hex').copy(unsolved);
    }
    assert.equal(await refusal(node.rpc('submitblock', '00')), -22);
    assert.equal(await refusal(node.rpc('submitblock', 'zz')), -22);
    const orphan = { ...(await ask()), previousblockhash: '77'.repeat(32) };
    assert.equal(await node.rpc('submitblock', blockOf(orphan)), 'prev-blk-not-found');
  });
});

test('proposals: every kind of rule is asked, and nothing is kept', async () => {
  await withNode(async (node) => {
    await node.rpc('generatetoaddress', 101, keyHex);
    const template = await node.rpc<WireTemplate>('getblocktemplate', {}, keyHex);
    const propose = (data: string) => node.rpc('getblocktemplate', { mode: 'proposal', data });
    const unsolved = (changes: Partial<WireTemplate>, coinbase?: Buffer) =>
      propose(blockOf({ ...template, ...changes }, { isSolved: false, ...(coinbase && { coinbase }) }));
    assert.equal(await unsolved({}), null);
    assert.equal(await unsolved({ bits: '1d00ffff' }), 'bad-diffbits');
    assert.equal(await unsolved({ curtime: template.mintime - 1 }), 'time-too-old');
    assert.equal(await unsolved({ curtime: template.mintime }), null);
    assert.equal(await unsolved({ version: 3 }), 'bad-version(0x00000003)');
    const greedy = Buffer.from(
      template.coinbasetxn.data.replace('00f2052a01000000', '01f2052a01000000'),
      'hex',
    );
    assert.equal(await unsolved({}, greedy), 'bad-cb-amount');
    const wrongRoot = Buffer.from(blockOf(template, { isSolved: false }), 'hex');
    wrongRoot[40]! ^= 1;
    assert.equal(await propose(wrongRoot.toString('hex')), 'bad-txnmrklroot');
    assert.equal(
      await unsolved({ height: 103 }, Buffer.from(template.coinbasetxn.data.replace('0166', '0167'), 'hex')),
      'bad-cb-height',
    );
    assert.equal(await node.height(), 101);
    assert.equal(await refusal(propose('00')), -22);
    assert.equal(await refusal(node.rpc('getblocktemplate', { mode: 'proposal' })), -3);
    assert.equal(await refusal(node.rpc('getblocktemplate', { mode: 'guess' })), -8);
    assert.equal(await refusal(node.rpc('getblocktemplate', {}, 'nobody')), -5);
  });
});

test('fees, and payments that depend on one another', async () => {
  await withNode(async (node) => {
    const { address } = await node.rpc<{ address: string }>('walletaddress');
    // One coinbase is old enough to spend, so that the second payment has to spend what the first gives back.
    await node.rpc('generatetoaddress', 100, address);
    const { txid: first } = await node.rpc<{ txid: string }>('walletsend', keyHex, '1');
    const { txid: second } = await node.rpc<{ txid: string }>('walletsend', keyHex, '1');
    const template = await node.rpc<WireTemplate>('getblocktemplate');
    assert.deepEqual(
      template.transactions.map(({ txid, depends }) => [txid, depends]),
      [
        [first, []],
        [second, [1]],
      ],
    );
    const fees = template.transactions.reduce((sum, { fee }) => sum + fee, 0);
    const [payment] = template.transactions;
    assert.equal(payment!.txid, first);
    assert.equal(payment!.hash, first);
    assert.equal(payment!.weight, payment!.data.length * 2);
    assert.equal(payment!.sigops, 2);
    assert.ok(payment!.fee > 0);
    assert.equal(template.coinbasetxn.fee, -fees);
    assert.equal(template.coinbasevalue, 5_000_000_000 + fees);
    const propose = (changed: WireTemplate) =>
      node.rpc('getblocktemplate', { mode: 'proposal', data: blockOf(changed, { isSolved: false }) });
    assert.equal(await propose(template), null);
    const twice = { ...template, transactions: [payment!, payment!] };
    assert.equal(await propose(twice), 'bad-txns-inputs-missingorspent');
    // The child before its parent, and without it.
    for (const transactions of [template.transactions.toReversed(), [template.transactions[1]!]])
      assert.equal(await propose({ ...template, transactions }), 'bad-txns-inputs-missingorspent');
    // One more of the amount of the first output than was signed for.
    const forged = Buffer.from(payment!.data, 'hex');
    const output = forged.indexOf(Buffer.from('2321', 'hex'));
    forged[output - 8]! ^= 1;
    const bent = {
      ...payment!,
      data: forged.toString('hex'),
      txid: reversed(sha256d(forged).toString('hex')).toString('hex'),
    };
    const coinbase = Buffer.from(template.coinbasetxn.data, 'hex');
    coinbase.writeBigUInt64LE(1n, coinbase.length - 4 - 36 - 8);
    const data = blockOf({ ...template, transactions: [bent] }, { coinbase, isSolved: false });
    assert.equal(await node.rpc('getblocktemplate', { mode: 'proposal', data }), 'bad-signature');
    assert.equal(await node.rpc('submitblock', blockOf(template)), null);
    assert.equal(await node.rpc('getmempoolinfo').then((info) => (info as { size: number }).size), 0);
  });
});

test('a long poll is answered by a new tip at once', async () => {
  await withNode(async (node) => {
    const ask = (longpollid?: string) =>
      node.rpc<WireTemplate>('getblocktemplate', longpollid === undefined ? {} : { longpollid }, keyHex);
    const template = await ask();
    let isAnswered = false;
    const waiting = ask(template.longpollid).finally(() => {
      isAnswered = true;
    });
    await sleep(500);
    assert.equal(isAnswered, false);
    await node.rpc('submitblock', blockOf(template));
    const next = await waiting;
    assert.equal(next.height, 2);
    assert.notEqual(next.longpollid, template.longpollid);
    // One that is of an old tip, or none at all, does not wait.
    assert.equal((await ask(template.longpollid)).height, 2);
    assert.equal((await ask('nonsense')).height, 2);
    // The end of the node ends the wait.
    const last = ask(next.longpollid);
    last.catch(() => undefined);
    await sleep(100);
    assert.equal(await node.stop(), 0);
    await assert.rejects(last);
  });
});

test('where blocks have a price: no work before the node is connected, and none for a network of its own', async () => {
  const network = (folder: string) => {
    const file = join(folder, 'hard.toml');
    writeFileSync(file, networkFileText(networkOfBits(0x1f00ffff), 'hard'));
    return file;
  };
  // Somebody to connect to, who is not there.
  await withNode(
    async (node) => {
      assert.equal(await refusal(node.rpc('getblocktemplate', {}, keyHex)), -9);
    },
    { network, seeds: ['127.0.0.1:1'] },
  );
  // Nobody to connect to: the first node of its network.
  await withNode(
    async (node) => {
      const template = await node.rpc<WireTemplate>('getblocktemplate', {}, keyHex);
      assert.equal(await node.rpc('submitblock', blockOf(template)), null);
      assert.equal(await node.height(), 1);
    },
    { network },
  );
});

test('a node that joins gives no work before it is up to date, and then on the tip of the others', async () => {
  await withFolder(async (folder) => {
    const network = join(folder, 'hard.toml');
    writeFileSync(network, networkFileText(networkOfBits(0x1f00ffff, { retargetBlocks: 1_000_000 }), 'hard'));
    const first = await NodeProcess.start({ dataDir: join(folder, 'first'), network });
    const nodes = [first];
    try {
      await first.rpc('miningstart', 1, keyHex);
      await until('some blocks', async () => (await first.height()) >= 30);
      await first.rpc('miningstop');
      const joining = await NodeProcess.start({
        dataDir: join(folder, 'joining'),
        network,
        seeds: [await first.listenAddress()],
      });
      nodes.push(joining);
      const refusals = new Set<number>();
      const template = await until('work', () =>
        joining.rpc<WireTemplate>('getblocktemplate', {}, keyHex).catch(({ code }: RpcFailure) => {
          refusals.add(code);
          return undefined;
        }),
      );
      // Not connected yet, or not up to date.
      for (const code of refusals) assert.ok(code === -9 || code === -10, `${code}`);
      assert.equal(template.previousblockhash, await first.rpc('getbestblockhash'));
      assert.equal(await joining.rpc('submitblock', blockOf(template)), null);
      await until('the block at the other', async () => (await first.height()) === template.height);
    } finally {
      for (const node of nodes) await node.stop();
    }
  });
});

test('submitheader, getnetworkhashps and getmininginfo', async () => {
  await withNode(async (node) => {
    await node.rpc('generatetoaddress', 10, keyHex);
    const template = await node.rpc<WireTemplate>('getblocktemplate', {}, keyHex);
    const coinbase = Buffer.from(template.coinbasetxn.data, 'hex');
    const header = solveHeader(headerOf(template, coinbase), BigInt(`0x${template.target}`) + 1n);
    assert.equal(await node.rpc('submitheader', header.toString('hex')), null);
    assert.equal((await node.rpc<{ headers: number }>('getblockchaininfo')).headers, 11);
    assert.equal(await node.height(), 10);
    assert.equal(await node.rpc('submitblock', blockOf(template)), null);
    assert.equal(await refusal(node.rpc('submitheader', '00')), -22);
    const far = headerOf({ ...template, previousblockhash: '55'.repeat(32) }, coinbase);
    assert.equal(await refusal(node.rpc('submitheader', far.toString('hex'))), -25);
    const early = headerOf({ ...template, curtime: template.mintime - 1 }, coinbase);
    solveHeader(early, BigInt(`0x${template.target}`) + 1n);
    await assert.rejects(node.rpc('submitheader', early.toString('hex')), /time-too-old/);

    const info = await node.rpc<Record<string, unknown>>('getmininginfo');
    assert.equal(info.blocks, 11);
    assert.equal(info.bits, '207fffff');
    assert.deepEqual(info.next, {
      height: 12,
      bits: '207fffff',
      difficulty: info.difficulty,
      target: info.target,
    });
    const times = await Promise.all(
      [9, 10, 11].map(
        async (height) =>
          (await node.rpc<{ time: number }>('getblockheader', await node.rpc('getblockhash', height))).time,
      ),
    );
    const span = Math.max(...times) - Math.min(...times);
    // Two hashes a block.
    assert.equal(await node.rpc('getnetworkhashps', 2), span === 0 ? 0 : 4 / span);
    assert.equal(await node.rpc('getnetworkhashps', 120, 0), 0);
    assert.ok((await node.rpc<number>('getnetworkhashps', -1)) > 0);
    assert.equal(await refusal(node.rpc('getnetworkhashps', 0)), -8);
    assert.equal(await refusal(node.rpc('getnetworkhashps', -2)), -8);
    assert.equal(await refusal(node.rpc('getnetworkhashps', 1, 12)), -8);
    assert.equal(await refusal(node.rpc('getnetworkhashps', 1, -2)), -8);
  });
});
