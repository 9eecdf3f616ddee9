import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { toCliError } from '../../../src/cli/cliError.ts';
import { runCommandLine } from '../../../src/cli/commandLine.ts';
import { COMMANDS, GROUPS } from '../../../src/cli/commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'indiecoin-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const USAGE = 2;
const NOT_RUNNING = 3;
const KEY = `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`;
const HASH = 'ab'.repeat(32);

async function failure(words: string): Promise<{ exitCode: number; message: string }> {
  const line = [
    '--network',
    'regtest',
    '--data-dir',
    folder,
    ...words.split(' ').filter((word) => word !== ''),
  ];
  try {
    await runCommandLine(line, {});
  } catch (error) {
    return toCliError(error);
  }
  throw new assert.AssertionError({ message: `"${words}" did not fail` });
}

/** Each command line, the code it ends with, and what its sentence must say. */
const WRONG: readonly [words: string, exitCode: number, message: RegExp][] = [
  ['walet', USAGE, /"walet" is not a command. Did you mean "wallet"\?/],
  ['send a 1', USAGE, /"send" is not a command. Did you mean `indiecoin wallet send`\?/],
  ['stop', USAGE, /"stop" is not a command. `indiecoin rpc stop` ends the node/],
  ['start', USAGE, /"start" is not a command. `indiecoin node` starts a node/],
  ['version', USAGE, /`indiecoin --version`/],
  ['wallet', USAGE, /needs one more word: new, address, balance/],
  ['wallet blance', USAGE, /of `indiecoin wallet`. Did you mean "balance"\?/],
  ['wallet sned a 1', USAGE, /"sned" is not a command of `indiecoin wallet`. Did you mean "send"\?/],
  ['hepl', USAGE, /Did you mean "help"|"hepl" is not a command/],
  ['--rpc-password x', USAGE, /it can be INDIECOIN_RPC_PASSWORD, or stand in the config file/],
  [
    '--config /nowhere.toml status',
    USAGE,
    /nowhere\.toml cannot be read: there is no such file or folder\. *$/,
  ],
  ['chain', USAGE, /needs one more word/],
  ['peers', USAGE, /needs one more word/],
  ['mine', USAGE, /needs one more word/],
  ['mine benchmark extra', USAGE, /"extra" is one word too many/],
  ['mine benchmark --threads 0', USAGE, /at least one thread/],
  ['mine benchmark --threads 257', USAGE, /at most 256/],
  ['--max-pears 5', USAGE, /no flag --max-pears here. Did you mean "--max-peers"\?/],
  ['--dns-seed nonsense', USAGE, /dns-seed: "nonsense" is not host:port/],
  ['--announce a:b:c', USAGE, /announce: "a:b:c" is not/],
  ['--announce 999.1.1.1', USAGE, /announce: "999\.1\.1\.1" is not a host name/],
  ['--announce 0.0.0.0', USAGE, /announce: "0\.0\.0\.0": no node can be reached at 0\.0\.0\.0/],
  ['--listen-host foo', USAGE, /listen-host: "foo" is not an IP address/],
  ['--listen-host 0.0.0.0,', USAGE, /listen-host: "" is not an IP address/],
  ['--public-key nobody', USAGE, /public-key: an address of this network/],
  ['--max-peers', USAGE, /--max-peers needs a value/],
  ['--max-peers 301', USAGE, /at most 300/],
  ['--max-peers many', USAGE, /whole number/],
  ['--max-peers 5 --max-peers 6', USAGE, /more than once/],
  ['--server-port 65536', USAGE, /at most 65535/],
  ['--log-level lowd', USAGE, /not a log level/],
  ['node extra', USAGE, /"extra" is one word too many/],
  ['seed extra', USAGE, /"extra" is one word too many/],
  ['seed --threads 0', USAGE, /at least one thread/],
  ['explain', USAGE, /needs one more word: block, transaction, header/],
  ['explain block', USAGE, /Which block\? Its id, or --hex FILE/],
  ['explain block top', USAGE, /"top" is neither a height, nor a hash of 64 hex digits, nor tip, nor/],
  ['explain block tip', NOT_RUNNING, /No node is running/],
  ['explain block 1', NOT_RUNNING, /No node is running.*`indiecoin explain block bitcoin-170`/],
  ['explain block 1 2', USAGE, /"2" is one word too many/],
  ['explain block 1 --hex x', USAGE, /Either an id or --hex/],
  ['explain block --hex /nonexistent/x', USAGE, /cannot be read/],
  ['explain block --hex', USAGE, /--hex needs a value/],
  ['explain transaction 1', USAGE, /"1" is neither a txid of 64 hex digits/],
  [`explain transaction ${HASH}`, NOT_RUNNING, /explain transaction bitcoin-170/],
  ['explain header', USAGE, /Which header\?/],
  [`explain header ${HASH}`, NOT_RUNNING, /explain header bitcoin-170/],
  ['doctor --peer x', USAGE, /no flag --peer here/],
  ['doctor --dns-seed nonsense', USAGE, /dns-seed: "nonsense" is not host:port/],
  ['doctor 203.0.113.5', USAGE, /is not host:port.* Its port is missing: at a seed of mainnet it is 8888/],
  ['doctor seed.example.org', USAGE, /Its port is missing/],
  ['doctor nonsense', USAGE, /^A node to ask: "nonsense" is not host:port/],
  ['status extra', USAGE, /"extra" is one word too many/],
  ['status', NOT_RUNNING, /No node is running on .*indiecoin node --network regtest --data-dir/],
  ['status --jsn', USAGE, /Did you mean "--json"\?/],
  ['config extra', USAGE, /"extra" is one word too many/],
  ['config --max-peers 301', USAGE, /--max-peers cannot be 301: at most 300/],
  ['config --max-pears 3', USAGE, /Did you mean "--max-peers"\?/],
  ['wallet new extra', USAGE, /one word too many/],
  ['wallet address extra', USAGE, /one word too many/],
  ['wallet balance', NOT_RUNNING, /No node is running/],
  ['wallet balance extra', USAGE, /one word too many/],
  ['wallet send', USAGE, /Something is missing: `indiecoin wallet send <address> <amount>`/],
  [`wallet send ${KEY}`, USAGE, /Something is missing/],
  [`wallet send ${KEY} 1 2`, USAGE, /"2" is one word too many/],
  [`wallet send ${KEY} lots`, USAGE, /"lots" is not an amount/],
  [`wallet send ${KEY} 0`, USAGE, /more than zero/],
  [`wallet send ${KEY} -1`, USAGE, /is not an amount|no flag/],
  [`wallet send ${KEY} 0.000000001`, USAGE, /at most 8 decimals/],
  ['wallet send icrt1qqqq 1', USAGE, /cannot be paid/],
  ['wallet send ic1qqqq 1', USAGE, /begins with icrt1/],
  [`wallet send ${KEY} 1 --fee-rate 0`, USAGE, /--fee-rate can be 1 to 10000/],
  [`wallet send ${KEY} 1 --fee-rate 10001`, USAGE, /--fee-rate can be 1 to 10000/],
  [`wallet send ${KEY} 1 --target 0`, USAGE, /--target can be 1 to 1008/],
  [`wallet send ${KEY} 1 --target 1009`, USAGE, /--target can be 1 to 1008/],
  [`wallet send ${KEY} 1 --target 6 --fee-rate 3`, USAGE, /two ways to say the same/],
  [`wallet send ${KEY} 1 --target 1008`, NOT_RUNNING, /No node is running/],
  ['wallet bump', USAGE, /Something is missing: `indiecoin wallet bump <txid>`/],
  ['wallet bump 12', USAGE, /"12" is not a txid of 64 hex digits/],
  [`wallet bump ${HASH} --fee-rate 0`, USAGE, /--fee-rate can be 1 to 10000/],
  [`wallet bump ${HASH}`, NOT_RUNNING, /No node is running/],
  ['wallet abandon', USAGE, /Something is missing/],
  [`wallet abandon ${HASH}0`, USAGE, /is not a txid/],
  [`wallet abandon ${HASH}`, NOT_RUNNING, /No node is running/],
  ['wallet coins extra', USAGE, /one word too many/],
  ['wallet coins --confirmations -1', USAGE, /--confirmations/],
  ['wallet coins', NOT_RUNNING, /No node is running/],
  ['--wallet-notify=', USAGE, /wallet-notify/],
  [`wallet send ${KEY} 1`, NOT_RUNNING, /No node is running/],
  ['wallet history --limit none', USAGE, /--limit needs a whole number/],
  ['wallet history', NOT_RUNNING, /No node is running/],
  ['wallet backup a b', USAGE, /"b" is one word too many/],
  ['wallet backup', 4, /There is no wallet yet/],
  ['wallet restore nowhere.txt', USAGE, /cannot be read/],
  ['wallet restore a b', USAGE, /one word too many/],
  ['wallet new --words 13', USAGE, /12/],
  ['wallet passphrase extra', USAGE, /one word too many/],
  ['wallet passphrase', 4, /There is no wallet yet/],
  ['wallet unlock', NOT_RUNNING, /No node is running/],
  ['wallet unlock --for 0', USAGE, /--for can be 1 to 100000000/],
  ['wallet unlock --for 100000001', USAGE, /--for can be 1 to 100000000/],
  ['wallet lock extra', USAGE, /one word too many/],
  ['wallet lock', NOT_RUNNING, /No node is running/],
  ['wallet watch', USAGE, /Something is missing: `indiecoin wallet watch <address>`/],
  [`wallet watch ${KEY}`, NOT_RUNNING, /No node is running/],
  [`wallet watch ${KEY} --rescan-from -1`, USAGE, /--rescan-from/],
  ['wallet rescan extra', USAGE, /one word too many/],
  ['wallet rescan', NOT_RUNNING, /No node is running/],
  ['wallet sign-message', USAGE, /Something is missing/],
  [`wallet sign-message ${KEY} text`, NOT_RUNNING, /No node is running/],
  [`wallet verify-message ${KEY} abc`, USAGE, /Something is missing/],
  [`wallet verify-message ${KEY} abc text`, USAGE, /not base64/],
  ['wallet verify-message icrt1qqqq abcd text', USAGE, /is not an address/],
  ['chain info extra', USAGE, /one word too many/],
  ['chain info', NOT_RUNNING, /No node is running/],
  ['chain block', USAGE, /Something is missing: `indiecoin chain block <id>`/],
  ['chain block x', USAGE, /neither a height, nor a hash of 64 hex digits, nor tip/],
  ['chain block tip', NOT_RUNNING, /No node is running/],
  ['chain block 1 2', USAGE, /one word too many/],
  ['chain block 1', NOT_RUNNING, /No node is running/],
  ['chain transaction', USAGE, /Something is missing/],
  ['chain transaction 5', USAGE, /not a txid/],
  [`chain transaction ${HASH}`, NOT_RUNNING, /No node is running/],
  ['chain balance', USAGE, /Something is missing/],
  [`chain balance ${KEY}`, NOT_RUNNING, /No node is running/],
  ['chain import', USAGE, /Something is missing/],
  ['chain import nowhere.dat', USAGE, /cannot be read/],
  [`chain import ${folder}`, USAGE, /it is a folder/],
  ['chain export', USAGE, /Something is missing/],
  [`chain export ${folder}`, USAGE, /is a folder: name a file in it/],
  [`chain export ${join(folder, 'nowhere', 'blocks.dat')}`, USAGE, /is in no folder that exists/],
  ['chain export a b', USAGE, /one word too many/],
  ['chain verify extra', USAGE, /one word too many/],
  ['peers list extra', USAGE, /one word too many/],
  ['peers list --added --banned', USAGE, /Either --added or --banned/],
  ['peers unban x', USAGE, /`indiecoin peers ban PEER --remove`/],
  ['peers list', NOT_RUNNING, /No node is running/],
  ['peers add', USAGE, /Something is missing/],
  ['peers remove', USAGE, /Something is missing/],
  ['peers ban', USAGE, /Something is missing/],
  ['peers ban 127.0.0.1 --seconds x', USAGE, /--seconds needs a whole number/],
  ['mine start --threads 0', USAGE, /thread/],
  ['mine start extra', USAGE, /one word too many/],
  ['mine start', NOT_RUNNING, /No node is running/],
  ['mine stop extra', USAGE, /one word too many/],
  ['mine stop', NOT_RUNNING, /No node is running/],
  ['mine status extra', USAGE, /one word too many/],
  ['mine status', NOT_RUNNING, /No node is running/],
  ['rpc', USAGE, /Something is missing/],
  ['rpc getblok', USAGE, /no RPC method "getblok". Did you mean "getblock"\?/],
  ['rpc getblock', USAGE, /getblock takes 1 to 2 parameters: getblock blockhash \( verbosity \)/],
  ['rpc uptime 1', USAGE, /uptime takes 0 parameters|takes/],
  ['rpc help', NOT_RUNNING, /No node is running/],
  ['rpc uptime', NOT_RUNNING, /No node is running/],
  ['completion bash extra', USAGE, /"extra" is one word too many/],
  ['completion fihs', USAGE, /There is no completion for "fihs". Did you mean "fish"/],
  ['completion', USAGE, /Which shell\? .indiecoin completion bash., zsh and fish/],
  ['devnet extra', USAGE, /one word too many/],
  ['devnet', USAGE, /always on regtest, .*takes no --network, --data-dir/],
  ['devnet --nodes 0', USAGE, /--nodes can be 1 to 20/],
  ['devnet --nodes x', USAGE, /whole number/],
];

describe('a wrong command line', () => {
  for (const [words, exitCode, message] of WRONG) {
    it(`${words} ends with ${exitCode}`, async () => {
      const failed = await failure(words);
      assert.match(failed.message, message);
      assert.equal(failed.exitCode, exitCode);
    });
  }

  it('is tried here for every command', () => {
    const names = [
      ...COMMANDS.map(({ usage }) => usage.split(' ')[0]!),
      ...GROUPS.flatMap(({ name, commands }) =>
        commands.map(({ usage }) => `${name} ${usage.split(' ')[0]}`),
      ),
    ];
    for (const name of names) {
      assert.ok(
        WRONG.some(([words]) => words === name || words.startsWith(`${name} `)),
        name,
      );
    }
  });
});

describe('every command', () => {
  it('has examples that begin with the program', () => {
    for (const { usage, examples } of [...COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)]) {
      assert.ok(examples.length > 0, usage);
      for (const [line] of examples) assert.match(line, /^(source <\()?indiecoin/);
    }
  });
});
