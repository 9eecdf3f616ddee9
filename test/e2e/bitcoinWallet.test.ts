import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bytesToHex, hexToBytes, hexToHash } from '../../src/bytes/hex.ts';
import { payToPublicKey } from '../../src/consensus/lockingScript.ts';
import { decodeTransaction } from '../../src/primitives/transaction.ts';
import { answerOf, type ClientOfNode, startWithClient } from '../support/bitcoinClient.ts';
import { BITCOIN_WALLET_SHAPES } from '../support/bitcoinWalletShapes.ts';
import { makeKeys, solvedBlock } from '../support/blocks.ts';
import { temporaryFolder } from '../support/chains.ts';
import { type NodeProcess, until } from '../support/nodeProcess.ts';

type Shape = keyof typeof BITCOIN_WALLET_SHAPES;
type Answer = Readonly<Record<string, unknown>>;
type Line = { category: string; amount: number; txid: string; confirmations: number; address?: string };
type Coin = { txid: string; vout: number; amount: number; address: string; spendable: boolean };

const COIN = 1e8;
/** Sums of coins as doubles are off by less than a base unit. */
const units = (coins: number) => Math.round(coins * COIN);

/** The npm package `bitcoin-core` uses the wallets of two nodes, as it would use Bitcoin Core's. */
describe('the wallet for a client made for Bitcoin Core', () => {
  let folder: string;
  let payer: ClientOfNode;
  let payee: ClientOfNode;
  let own: string;
  let theirs: string;

  before(async () => {
    folder = await temporaryFolder();
    payer = await startWithClient(join(folder, 'payer'));
    payee = await startWithClient(join(folder, 'payee'), [await payer.node.listenAddress()]);
    await payer.client.command('createwallet', '');
    await payee.client.command('createwallet', '');
    own = await payer.client.command<string>('getnewaddress', 'mine');
    theirs = await payee.client.command<string>('getnewaddress');
    await payer.client.command('generatetoaddress', 110, own);
    await sameTip();
  });
  after(async () => {
    await Promise.all([payer, payee].map(({ node }) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  const check = <Answered = Answer>(
    { client }: ClientOfNode,
    shape: Shape,
    ...parameters: unknown[]
  ): Promise<Answered> => answerOf(client, BITCOIN_WALLET_SHAPES[shape], shape, ...parameters) as never;
  const command = <Answered>(method: string, ...parameters: unknown[]) =>
    payer.client.command<Answered>(method, ...parameters);
  const fails = (code: number, method: string, ...parameters: unknown[]) =>
    assert.rejects(
      payer.client.command(method, ...parameters),
      { code },
      `${method} ${JSON.stringify(parameters)}`,
    );
  const sameTip = () =>
    until('one tip', async () => {
      const tips = await Promise.all([payer, payee].map(({ node }) => node.rpc('getbestblockhash')));
      return tips[0] === tips[1];
    });
  const mine = async () => {
    const [hash] = await command<string[]>('generatetoaddress', 1, own);
    await sameTip();
    return hash!;
  };
  const seenBy = ({ node }: ClientOfNode, txid: string) =>
    until('it is seen', async () => (await node.rpc<string[]>('getrawmempool')).includes(txid));
  const trusted = async (one: ClientOfNode) => {
    const { mine: own } = await check<{ mine: { trusted: number } }>(one, 'getbalances');
    return units(own.trusted);
  };
  const send = (amount: number | string, ...rest: unknown[]) =>
    command<string>('sendtoaddress', theirs, amount, ...rest);

  test('what it has, pays and was paid', async () => {
    await check(payer, 'getwalletinfo');
    const before = await trusted(payer);
    const coins = await check<Coin[]>(payer, 'listunspent');
    assert.equal(units(coins.reduce((sum, { amount }) => sum + amount, 0)), before);
    assert.deepEqual(await check(payer, 'listunspent', 111), []);
    assert.equal((await check<Coin[]>(payer, 'listunspent', 110)).length, 1);
    const all = { include_immature_coinbase: true };
    assert.equal((await check<Coin[]>(payer, 'listunspent', 1, 9_999_999, [], true, all)).length, 110);

    const txid = await send(1.5, 'a comment', 'to whom');
    await seenBy(payee, txid);
    const sent = await check<{ amount: number; fee: number; details: Line[]; hex: string }>(
      payer,
      'gettransaction',
      txid,
    );
    assert.equal(sent.amount, -1.5);
    assert.deepEqual(
      sent.details.map(({ category, amount, address }) => [category, amount, address]),
      [['send', -1.5, theirs]],
    );
    assert.equal(await trusted(payer), before - units(1.5) + units(sent.fee));
    const seen = await check<{ amount: number; confirmations: number }>(payee, 'gettransaction', txid);
    assert.deepEqual([seen.amount, seen.confirmations], [1.5, 0]);
    assert.equal(await trusted(payee), 0);
    const unsafe = await check<Coin[]>(payee, 'listunspent', 0);
    assert.deepEqual(
      unsafe.map((coin) => [coin.txid, coin.amount]),
      [[txid, 1.5]],
    );
    assert.deepEqual(await check(payee, 'listunspent', 0, 9_999_999, [], false), []);

    const since = await command<string>('getbestblockhash');
    await mine();
    assert.equal(await trusted(payee), units(1.5));
    const [last] = await check<Line[]>(payee, 'listtransactions', '*', 1);
    assert.deepEqual([last!.txid, last!.category, last!.confirmations], [txid, 'receive', 1]);
    assert.deepEqual(
      (await check<Line[]>(payer, 'listtransactions', '*', 2)).map(({ category }) => category),
      ['immature', 'send'],
    );
    assert.deepEqual(await check(payer, 'listtransactions', '*', 0), []);
    const lists = await check<{ transactions: Line[]; lastblock: string }>(payee, 'listsinceblock', since);
    assert.deepEqual(
      lists.transactions.map((line) => line.txid),
      [txid],
    );
    assert.equal(lists.lastblock, await command('getbestblockhash'));
    assert.deepEqual(
      (await check<{ transactions: Line[] }>(payee, 'listsinceblock', lists.lastblock)).transactions,
      [],
    );
    assert.equal(await payee.client.command('getreceivedbyaddress', theirs), 1.5);
    assert.equal(await payee.client.command('getreceivedbyaddress', theirs, 2), 0);
    await fails(-4, 'getreceivedbyaddress', theirs);
  });

  test('several payees, a fee that they bear, and rates of the payer’s choice', async () => {
    const [left, right] = [theirs, await payee.client.command<string>('getnewaddress')];
    const txid = await command<string>('sendmany', '', { [left]: 2, [right]: 1 }, 1, '', [left, right], true);
    const many = await check<{ fee: number; details: Line[] }>(payer, 'gettransaction', txid);
    const paid = many.details.reduce((sum, { amount }) => sum + units(amount), 0);
    assert.equal(paid, -3 * COIN - units(many.fee));
    const shares = many.details.map(({ amount }) => units(-amount)).sort((a, b) => a - b);
    assert.ok(Math.abs(3 * COIN + (2 * units(many.fee)) / 2 - shares[0]! - shares[1]!) <= 1);
    assert.ok(Math.abs(shares[1]! - COIN - shares[0]!) <= 1);

    const inside = await send('0.5', '', '', true);
    const { details, fee } = await check<{ fee: number; details: Line[] }>(payer, 'gettransaction', inside);
    assert.equal(units(details[0]!.amount), -COIN / 2 - units(fee));

    await seenBy(payee, inside);
    const rateOf = async (txid: string) => {
      const entry = await payer.node.rpc<{ vsize: number; fees: { base: number } }>('getmempoolentry', txid);
      return units(entry.fees.base) / entry.vsize;
    };
    const named = await payer.versioned.command<string>('sendtoaddress', {
      address: theirs,
      amount: 0.1,
      fee_rate: 25,
    });
    assert.ok(Math.abs((await rateOf(named)) - 25) < 1, `${await rateOf(named)}`);
    assert.equal(await command('settxfee', 0.0001), true);
    assert.equal((await check<{ paytxfee: number }>(payer, 'getwalletinfo')).paytxfee, 0.0001);
    assert.ok(Math.abs((await rateOf(await send(0.1))) - 10) < 1);
    await command('settxfee', 0);
    await fails(-8, 'settxfee', 0.000_009_99);
    await command('settxfee', 0.000_01);
    await fails(-8, 'settxfee', 0.100_01);
    await command('settxfee', 0);
    const verbose = await payer.versioned.command<Answer>('sendtoaddress', {
      address: theirs,
      amount: 0.1,
      conf_target: 6,
      verbose: true,
    });
    assert.ok(BITCOIN_WALLET_SHAPES.verboseSend.safeParse(verbose).success, JSON.stringify(verbose));
    await mine();
  });

  test('a payment that is replaced, and one whose original wins', async () => {
    const first = await send(3, '', '', false, true, null, null, null, 1);
    await seenBy(payee, first);
    const before = await trusted(payee);
    const bumped = await check<{ txid: string; origfee: number; fee: number }>(payer, 'bumpfee', first);
    assert.ok(bumped.fee > bumped.origfee);
    await fails(-4, 'bumpfee', first);
    type Replaced = {
      confirmations: number;
      amount: number;
      fee: number;
      replaced_by_txid: string;
      walletconflicts: string[];
    };
    const old = await check<Replaced>(payer, 'gettransaction', first);
    assert.deepEqual(
      [old.confirmations, old.amount, old.replaced_by_txid, old.walletconflicts],
      [0, -3, bumped.txid, [bumped.txid]],
    );
    assert.equal(units(old.fee), -units(bumped.origfee));
    const instead = await check<{ replaces_txid: string }>(payer, 'gettransaction', bumped.txid);
    assert.equal(instead.replaces_txid, first);
    await seenBy(payee, bumped.txid);
    assert.deepEqual(await payee.node.rpc('getrawmempool'), [bumped.txid]);
    assert.equal(
      (await check<Coin[]>(payee, 'listunspent', 0)).filter(({ txid }) => txid === first).length,
      0,
    );
    const again = await check<{ txid: string; origfee: number }>(payer, 'bumpfee', bumped.txid, {
      fee_rate: 30,
    });
    assert.equal(again.origfee, bumped.fee);
    await fails(-8, 'bumpfee', again.txid, { fee_rate: 30 });
    await seenBy(payee, again.txid);
    await mine();
    assert.equal(await trusted(payee), before + 3 * COIN);
    await fails(-4, 'bumpfee', again.txid);
    const gone = await check<Replaced>(payer, 'gettransaction', first);
    assert.deepEqual(
      [gone.confirmations, gone.replaced_by_txid, gone.walletconflicts],
      [-1, bumped.txid, [bumped.txid, again.txid]],
    );

    // A miner who never saw the replacement puts the original into a block.
    const second = await send(4, '', '', false, true, null, null, null, 1);
    const held = await command<string>('getrawtransaction', second);
    const { txid: replacement } = await check<{ txid: string }>(payer, 'bumpfee', second);
    const tip = await payer.node.rpc<{ hash: string; height: number; time: number }>(
      'getblockheader',
      await command('getbestblockhash'),
    );
    const block = solvedBlock({
      parent: { hash: hexToHash(tip.hash), timeSec: tip.time },
      height: tip.height + 1,
      lockingScript: makeKeys().lockingScript,
      transactions: [decodeTransaction(hexToBytes(held))],
    });
    assert.equal(await command('submitblock', bytesToHex(block.bytes)), null);
    await sameTip();
    assert.equal(await trusted(payee), before + 7 * COIN);
    const mined = await check<{ confirmations: number }>(payer, 'gettransaction', second);
    assert.equal(mined.confirmations, 1);
    const lost = await check<Replaced>(payer, 'gettransaction', replacement);
    assert.deepEqual([lost.confirmations, lost.replaced_by_txid], [-1, second]);
    assert.deepEqual(await payer.node.rpc('getrawmempool'), []);
    const coins = await check<Coin[]>(payer, 'listunspent', 0);
    assert.equal(await trusted(payer), units(coins.reduce((sum, { amount }) => sum + amount, 0)));
  });

  test('coins that are locked, and a transaction that is signed by hand', async () => {
    const [coin, other] = await check<Coin[]>(payer, 'listunspent');
    const point = { txid: coin!.txid, vout: coin!.vout };
    assert.equal(await command('lockunspent', false, [point]), true);
    assert.deepEqual(await check(payer, 'listlockunspent'), [point]);
    await fails(-8, 'lockunspent', false, [point]);
    await fails(-8, 'lockunspent', true, [{ txid: other!.txid, vout: other!.vout }]);
    await fails(-8, 'lockunspent', false, [{ txid: '00'.repeat(32), vout: 0 }]);
    assert.equal(
      (await check<Coin[]>(payer, 'listunspent')).some(
        ({ txid, vout }) => txid === point.txid && vout === point.vout,
      ),
      false,
    );

    const amount = Math.floor(units(coin!.amount) - 10_000) / COIN;
    const unsigned = await command<string>('createrawtransaction', [point], [{ [theirs]: amount }]);
    const bare = await payee.client.command<Answer>('signrawtransactionwithwallet', unsigned);
    assert.equal(bare.complete, false);
    assert.match(JSON.stringify(bare.errors), /Unable to sign input/);
    const signed = await check<{ hex: string; complete: boolean }>(
      payer,
      'signrawtransactionwithwallet',
      unsigned,
    );
    assert.equal(signed.complete, true);
    // Whoever has no key of it sees that it is complete.
    const seen = await payee.client.command<Answer>('signrawtransactionwithwallet', signed.hex);
    assert.deepEqual([seen.complete, seen.hex], [true, signed.hex]);
    const nowhere = await command<string>(
      'createrawtransaction',
      [{ txid: '11'.repeat(32), vout: 0 }],
      [{ [theirs]: 1 }],
    );
    const lost = await check<{ complete: boolean; errors: Answer[] }>(
      payer,
      'signrawtransactionwithwallet',
      nowhere,
    );
    assert.deepEqual([lost.complete, lost.errors[0]!.error], [false, 'Input not found or already spent']);
    const keys = await command<{ pubkey: string }>('getaddressinfo', own);
    const told = {
      txid: '11'.repeat(32),
      vout: 0,
      scriptPubKey: bytesToHex(payToPublicKey(hexToBytes(keys.pubkey))),
    };
    assert.equal(
      (await check<{ complete: boolean }>(payer, 'signrawtransactionwithwallet', nowhere, [told])).complete,
      true,
    );
    await fails(-22, 'signrawtransactionwithwallet', unsigned, [{ ...told, ...point, scriptPubKey: '51' }]);
    await fails(-8, 'signrawtransactionwithwallet', unsigned, [], 'SINGLE');
    await fails(-22, 'signrawtransactionwithwallet', '00');

    const txid = await command<string>('sendrawtransaction', signed.hex);
    await seenBy(payee, txid);
    await mine();
    assert.equal((await check<{ confirmations: number }>(payer, 'gettransaction', txid)).confirmations, 1);
    await command('lockunspent', true);
    assert.deepEqual(await check(payer, 'listlockunspent'), []);
  });

  test('keys of others are listed apart, and never spent', async () => {
    const stranger = makeKeys();
    const hex = bytesToHex(stranger.publicKey);
    await payee.client.command('importpubkey', hex, 'cold', false);
    const txid = await payer.node.rpc<{ txid: string }>('walletsend', hex, '5');
    await seenBy(payee, txid.txid);
    await mine();
    const coins = await check<(Coin & { label: string })[]>(payee, 'listunspent');
    const watched = coins.filter(({ spendable }) => !spendable);
    assert.deepEqual(
      watched.map(({ amount, label }) => [amount, label]),
      [[5, 'cold']],
    );
    assert.equal((await check<Line[]>(payee, 'listtransactions', 'cold')).length, 0);
    const [line] = await check<(Line & { involvesWatchonly: boolean })[]>(
      payee,
      'listtransactions',
      'cold',
      10,
      0,
      true,
    );
    assert.deepEqual([line!.category, line!.amount, line!.involvesWatchonly], ['receive', 5, true]);
    assert.equal(await payee.client.command('getreceivedbyaddress', watched[0]!.address), 5);
  });

  test('what is wrong, in Bitcoin Core’s codes', async () => {
    await fails(-3, 'sendtoaddress', theirs, 0);
    await fails(-3, 'sendtoaddress', theirs, -1);
    await fails(-3, 'sendtoaddress', theirs, 0.000_000_001);
    await fails(-3, 'sendtoaddress', theirs, 'much');
    await fails(-5, 'sendtoaddress', 'nobody', 1);
    await fails(-6, 'sendtoaddress', theirs, 1_000_000);
    await fails(-8, 'sendtoaddress', theirs, 1, '', '', false, true, 0);
    await fails(-8, 'sendtoaddress', theirs, 1, '', '', false, true, 1009);
    await fails(-8, 'sendtoaddress', theirs, 1, '', '', false, true, 6, null, null, 3);
    await fails(-8, 'sendtoaddress', theirs, 1, '', '', false, true, null, null, null, 0.9);
    await fails(-8, 'sendtoaddress', theirs, 1, '', '', false, true, null, null, null, 10_001);
    // A payee who bears the fee gets less than is worth an output.
    await fails(-6, 'sendtoaddress', theirs, 0.000_01, '', '', true);
    await fails(-8, 'sendmany', 'x', { [theirs]: 1 });
    await fails(-8, 'sendmany', '', {});
    await fails(-8, 'sendmany', '', { [theirs]: 1 }, 1, '', [own]);
    await fails(-5, 'abandontransaction', '00'.repeat(32));
    await fails(-5, 'gettransaction', '00'.repeat(32));
    await fails(-8, 'gettransaction', 'abc');
    await fails(-5, 'listsinceblock', '00'.repeat(32));
    await fails(-8, 'listsinceblock', '', 0);
    await fails(-8, 'listtransactions', '*', -1);
  });

  test('a passphrase, a message and a backup', async () => {
    await command('encryptwallet', 'open sesame');
    await fails(-13, 'sendtoaddress', theirs, 1);
    const file = join(folder, 'backup.json');
    await command('walletpassphrase', 'open sesame', 60);
    assert.ok((await check<{ unlocked_until: number }>(payer, 'getwalletinfo')).unlocked_until > 0);
    const txid = await send(1);
    const signature = await command<string>('signmessage', own, 'it is me');
    assert.equal(await payee.client.command('verifymessage', own, signature, 'it is me'), true);
    assert.equal(await payee.client.command('verifymessage', own, signature, 'it is you'), false);
    assert.equal(await command('backupwallet', file), null);
    assert.ok(existsSync(file));
    await command('walletlock');
    const raw = await command<string>('createrawtransaction', [{ txid, vout: 0 }], [{ [theirs]: 0.1 }]);
    await fails(-13, 'signrawtransactionwithwallet', raw);
    await fails(-13, 'bumpfee', txid);
    await payer.node.stop();
    const { confirmations } = await restarted(payer.node, txid);
    assert.equal(confirmations, 0);
  });

  /** What the payer's wallet knows of a payment after it was started again. */
  async function restarted(node: NodeProcess, txid: string) {
    const again = await node.restart();
    try {
      return await again.rpc<{ confirmations: number }>('gettransaction', txid);
    } finally {
      await again.kill();
    }
  }
});
