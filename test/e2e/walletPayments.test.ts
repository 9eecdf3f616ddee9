import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { NodeProcess, runCli, runJson, until } from '../support/nodeProcess.ts';

/** Paying and being paid, as a person does it at a terminal. */

type Sent = { txid: string; fee: string };
type Bumped = { txid: string; replaces: string; oldFee: string; fee: string };
type Coin = { txid: string; vout: number; amount: string; confirmations: number };
type Entry = { txid: string; type: string; amount: string; confirmations: number; replacedBy?: string };

async function withTwo(run: (payer: NodeProcess, payee: NodeProcess) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const payer = await NodeProcess.start({ dataDir: join(folder, 'payer') });
    const args = ['--wallet-notify', `echo %s %h %b >> '${join(folder, 'notified')}'`];
    const payee = await NodeProcess.start({
      dataDir: join(folder, 'payee'),
      seeds: [await payer.listenAddress()],
      args,
    });
    try {
      await run(payer, payee);
      assert.equal(await payee.stop(), 0);
      assert.equal(await payer.stop(), 0);
    } finally {
      await Promise.all([payer.kill(), payee.kill()]);
    }
  });
}

const placeOf = ({ dataDir }: NodeProcess) => ['--network', 'regtest', '--data-dir', dataDir];
const cli = <T>(node: NodeProcess, ...args: string[]) => runJson<T>([...args, ...placeOf(node)]);
const fails = async (node: NodeProcess, message: RegExp, ...args: string[]) => {
  const { code, stderr } = await runCli([...args, ...placeOf(node)]);
  assert.equal(code, 4, stderr);
  assert.match(stderr, message);
};
const addressOf = async (node: NodeProcess) =>
  (await cli<{ address: string }>(node, 'wallet', 'address')).address;
const sameTip = (...nodes: NodeProcess[]) =>
  until('one tip', async () => {
    const tips = await Promise.all(nodes.map((node) => node.rpc('getbestblockhash')));
    return new Set(tips).size === 1;
  });

test('a payment that waits is replaced by one with a higher fee, and whoever is paid is told', async () => {
  await withTwo(async (payer, payee) => {
    const own = await addressOf(payer);
    await payer.rpc('generatetoaddress', 103, own);
    await sameTip(payer, payee);

    const to = await addressOf(payee);
    const sent = await cli<Sent>(payer, 'wallet', 'send', to, '12.5', '--fee-rate', '1');
    const notified = join(payee.dataDir, '..', 'notified');
    const told = () => (existsSync(notified) ? readFileSync(notified, 'utf8').trim().split('\n') : []);
    await until('the payee is told', () => told().length === 1);
    assert.equal(told()[0], `${sent.txid} -1 unconfirmed`);
    assert.match(payee.output, /"12\.50000000 coins are on their way, unconfirmed/);

    const change = (await cli<Coin[]>(payer, 'wallet', 'coins')).find(
      ({ confirmations }) => confirmations === 0,
    );
    assert.equal(change?.txid, sent.txid);

    await fails(
      payer,
      /Insufficient total fee.*Name a higher fee rate/,
      'wallet',
      'bump',
      sent.txid,
      '--fee-rate',
      '1',
    );
    await fails(payee, /don't belong to this wallet/, 'wallet', 'bump', sent.txid);
    await fails(payer, /Invalid or non-wallet transaction id/, 'wallet', 'bump', 'ab'.repeat(32));
    await fails(payer, /not eligible for abandonment/, 'wallet', 'abandon', sent.txid);
    const bumped = await cli<Bumped>(payer, 'wallet', 'bump', sent.txid, '--fee-rate', '20');
    assert.equal(bumped.replaces, sent.txid);
    assert.equal(bumped.oldFee, sent.fee);
    assert.equal(Number(bumped.fee) > 15 * Number(sent.fee), true, JSON.stringify(bumped));
    await until('the payee has the replacement alone', async () => {
      const waiting = await payee.rpc<string[]>('getrawmempool');
      return waiting.length === 1 && waiting[0] === bumped.txid;
    });
    const history = await cli<Entry[]>(payer, 'wallet', 'history');
    assert.deepEqual(
      history.filter(({ type }) => type === 'sent').map((entry) => [entry.txid, entry.replacedBy]),
      [
        [bumped.txid, undefined],
        [sent.txid, bumped.txid],
      ],
    );

    const [blockHash] = await payer.rpc<string[]>('generatetoaddress', 1, own);
    await sameTip(payer, payee);
    await until('the payee is told of the block', () => told().length === 4);
    // The commands run beside each other.
    assert.deepEqual(
      told().slice(1).sort(),
      [
        `${sent.txid} -1 unconfirmed`,
        `${bumped.txid} -1 unconfirmed`,
        `${bumped.txid} 104 ${blockHash}`,
      ].sort(),
    );
    assert.match(payee.output, /"12\.50000000 coins that were on their way will not come: another payment/);
    const before = await payee.rpc<{ confirmations: number }>('gettransaction', sent.txid);
    assert.equal(before.confirmations, -1);
    assert.match(payee.output, /"12\.50000000 coins have come in/);
    await fails(payer, /has been mined/, 'wallet', 'bump', bumped.txid);
    const [coin] = await cli<Coin[]>(payee, 'wallet', 'coins', '--confirmations', '1');
    assert.deepEqual([coin?.txid, coin?.amount, coin?.confirmations], [bumped.txid, '12.50000000', 1]);
    assert.deepEqual(await cli<Coin[]>(payee, 'wallet', 'coins', '--confirmations', '2'), []);
    const { confirmed } = await cli<{ confirmed: string }>(payee, 'wallet', 'balance');
    assert.equal(confirmed, '12.50000000');

    // What waits over a restart is told of when its block comes.
    const { txid } = await payer.rpc<{ txid: string }>('walletsend', to, '1');
    await until('the payee is told of the third', () => told().length === 5);
    assert.equal(await payee.stop(), 0);
    const again = await payee.restart();
    try {
      await until(
        'its mempool is back',
        async () => (await again.rpc<string[]>('getrawmempool')).length === 1,
      );
      const [last] = await payer.rpc<string[]>('generatetoaddress', 1, own);
      await until('the payee is told of the last block', () => told().includes(`${txid} 105 ${last}`));
    } finally {
      await again.stop();
    }
  });
});

test('a fee follows from how long its payer can wait, and a passphrase is asked for a bump', async () => {
  await withFolder(async (folder) => {
    const node = await NodeProcess.start({ dataDir: join(folder, 'a') });
    try {
      const own = await addressOf(node);
      await node.rpc('generatetoaddress', 102, own);
      await node.rpc('encryptwallet', 'open sesame');
      const place = placeOf(node);
      const env = { INDIECOIN_WALLET_PASSPHRASE: 'open sesame' };
      const send = await runCli(['wallet', 'send', own, '1', '--target', '6', '--json', ...place], { env });
      assert.equal(send.code, 0, send.stderr);
      const { txid, fee } = JSON.parse(send.stdout) as Sent;
      const wrong = await runCli(['wallet', 'bump', txid, ...place], {
        env: { INDIECOIN_WALLET_PASSPHRASE: 'wrong' },
      });
      assert.equal(wrong.code, 8, wrong.stderr);
      const silent = await runCli(['wallet', 'bump', txid, ...place]);
      assert.equal(silent.code, 8, silent.stderr);
      const bump = await runCli(['wallet', 'bump', txid, ...place], { env });
      assert.equal(bump.code, 0, bump.stderr);
      assert.match(bump.stdout, new RegExp(`it was ${fee}\\.`));
      const [replacement] = await node.rpc<string[]>('getrawmempool');
      assert.ok(bump.stdout.includes(replacement!), bump.stdout);

      // What cannot be answered is done all the same: its sender must not do it twice.
      const under = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
      const unheard = await runCli(['wallet', 'send', own, '2', ...place], { env, under });
      assert.equal(unheard.code, 7, unheard.stderr);
      const sent = (await node.rpc<string[]>('getrawmempool')).find((one) => one !== replacement);
      assert.equal(
        unheard.stderr,
        `indiecoin: The answer cannot be written: no space is left on the disk. The payment is sent: transaction ${sent}.\n`,
      );
    } finally {
      await node.stop();
    }
  });
});
