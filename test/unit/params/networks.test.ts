import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bytesToHex, hashToNumber } from '../../../src/bytes/hex.ts';
import { NetworkFileError, parseNetworkFile } from '../../../src/params/networkFile.ts';
import { networkByName, networks } from '../../../src/params/networks.ts';

const example = readFileSync(
  new URL('../../../../test/vectors/bitcoin-regtest.toml', import.meta.url),
  'utf8',
);

describe('the built-in networks', () => {
  const genesis: Record<string, [hash: string, bits: number, sentence: string]> = {
    mainnet: [
      '00000006eb937dee9cbfb888013dca45e9953bf9b78197a80cad01c2273d7cc8',
      0x1d0fffff,
      'IndieCoin: a coin that one person can run, and one engineer can read. 22/Nov/2026',
    ],
    testnet: [
      '0000000c3d6f90b04587159fc300114e02425ad9c8638709af776f3b02d0cffd',
      0x1d0fffff,
      'IndieCoin testnet: coins that are worth what they teach. 22/Nov/2026',
    ],
    regtest: [
      '2ba1cae76287d5821d19378a89ed392207dbf5193596dc8f85417d9d1a4d5bb3',
      0x207fffff,
      'IndieCoin regtest: a chain of your own, to break and to learn from',
    ],
  };
  const numbers: Record<string, (string | number | bigint)[]> = {
    mainnet: ['1ed1ec01', 4032, 210_000, 'ic', 8888, 8889],
    testnet: ['1ed1ec02', 4032, 210_000, 'tic', 18888, 18889],
    regtest: ['1ed1ec03', 0, 150, 'icrt', 28888, 28889],
  };

  const versionBits: Record<string, [windowBlocks: number, threshold: number]> = {
    mainnet: [4032, 3830],
    testnet: [4032, 3024],
    regtest: [144, 108],
  };

  for (const network of networks) {
    test(network.name, () => {
      const [hash, bits, sentence] = genesis[network.name]!;
      const { header, transactions } = network.genesis;
      assert.equal(network.genesisHash, hash);
      assert.equal(header.bits, bits);
      assert.ok(hashToNumber(header.hash) < network.easiestTarget, 'the genesis block is mined');
      assert.ok(Buffer.from(transactions[0]!.inputs[0]!.unlockingScript).includes(sentence));
      const { magic, retargetBlocks, halvingBlocks, addressPrefix, seedPort, rpcPort } = network;
      assert.deepEqual(
        [bytesToHex(magic), retargetBlocks, halvingBlocks, addressPrefix, seedPort, rpcPort],
        numbers[network.name],
      );
      const [windowBlocks, threshold] = versionBits[network.name]!;
      const { deployments, unknownSignalling } = network;
      assert.deepEqual(unknownSignalling, { windowBlocks, threshold });
      assert.deepEqual(
        deployments.map((it) => [it.name, it.bit, it.windowBlocks, it.threshold]),
        [['bip54', 0, windowBlocks, threshold]],
      );
      assert.ok(deployments[0]!.timeoutSec >= deployments[0]!.startTimeSec + 365 * 24 * 3600);
      assert.equal(network.spacingSec, 300);
      assert.equal(network.subsidy, 5_000_000_000n);
      assert.equal(network.coinbaseMaturity, 100);
      assert.equal(network.maxBlockBytes, 3_000_000);
      assert.ok(Object.isFrozen(network));
    });
  }

  test('are found by name', () => {
    assert.equal(networkByName('testnet')?.name, 'testnet');
    assert.equal(networkByName('nonesuch'), undefined);
  });
});

describe('parseNetworkFile', () => {
  test('reads Bitcoin’s regtest', () => {
    const params = parseNetworkFile(example);
    assert.equal(params.genesisHash, '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206');
    assert.equal(params.easiestBits, 0x207fffff);
    assert.equal(params.subsidy, 5_000_000_000n);
    assert.equal(params.minimumChainWork, 0n);
  });

  const bad: [what: string, from: string | RegExp, to: string, message: RegExp][] = [
    ['a missing key', /magic = .*\n/, '', /^magic: is missing/],
    ['an unknown key', 'seeds = []', 'seeds = []\nseed = 1', /^seed: is not a key/],
    ['a built-in name', '"bitcoin-regtest"', '"mainnet"', /^name: is the name of a built-in/],
    ['a name in capitals', '"bitcoin-regtest"', '"Bitcoin"', /^name: /],
    ['a long name', '"bitcoin-regtest"', `"${'a'.repeat(33)}"`, /^name: /],
    ['a short magic', 'fabfb5da', 'fabfb5', /^magic: must be 8 hex digits/],
    ['bits of another genesis', '"207fffff"', '"1d00ffff"', /^genesis: the block's bits/],
    ['bits that are no target', '"207fffff"', '"00000000"', /^easiestBits: /],
    ['bits in another form than their own', '"207fffff"', '"2100ffff00"', /^easiestBits: /],
    ['a period of one block', 'retargetBlocks = 0 ', 'retargetBlocks = 1 ', /^retargetBlocks: /],
    ['a word for a number', 'spacingSec = 600', 'spacingSec = "600"', /^spacingSec: .*expected number/],
    ['no time between blocks', 'spacingSec = 600', 'spacingSec = 0', /^spacingSec: /],
    ['blocks too large to gossip', 'maxBlockBytes = 1000000', 'maxBlockBytes = 3000001', /^maxBlockBytes: /],
    ['blocks too small', 'maxBlockBytes = 1000000', 'maxBlockBytes = 249999', /^maxBlockBytes: /],
    ['a subsidy that is no decimal', 'subsidyCoins = "50"', 'subsidyCoins = "fifty"', /^subsidyCoins: /],
    [
      'a subsidy of more than all',
      'subsidyCoins = "50"',
      'subsidyCoins = "21000000.00000001"',
      /^subsidyCoins: /,
    ],
    ['half a genesis', 'dae5494dff', '', /^genesis: /],
    ['another merkle root', '3ba3edfd', '3ba3edfe', /^genesis: the merkle root/],
    ['no TOML', 'name =', 'name', /^not TOML/],
    ['a deployment with a bit of 29', 'seeds = []', deployment(29), /^deployments\.0\.bit: /],
    ['a threshold that no window reaches', 'seeds = []', deployment(1, 11), /^deployments\.0\.threshold: /],
    [
      'two deployments of one name',
      'seeds = []',
      `${deployment(1)}\n${deployment(2).replace('seeds = []', '')}`,
      /^deployments: two have the same name/,
    ],
    ['a seed that is a number', 'seeds = []', 'seeds = [1]', /^seeds\.0: /],
  ];
  for (const [what, from, to, message] of bad) {
    test(`names the key: ${what}`, () => {
      const text = example.replace(from, to);
      assert.throws(
        () => parseNetworkFile(text),
        (error: Error) => {
          assert.match(error.message, message);
          return error instanceof NetworkFileError;
        },
      );
    });
  }

  test('takes the edges', () => {
    for (const [from, to] of [
      ['maxBlockBytes = 1000000', 'maxBlockBytes = 3000000'],
      ['maxBlockBytes = 1000000', 'maxBlockBytes = 250000'],
      ['retargetBlocks = 0 ', 'retargetBlocks = 2 '],
      ['"bitcoin-regtest"', `"${'a'.repeat(32)}"`],
      ['seeds = []', deployment(28)],
      ['seeds = []', 'seeds = ["seed.example:1234"]\nminimumChainWork = "ff"'],
    ] as const) {
      parseNetworkFile(example.replace(from, to));
    }
    assert.equal(
      parseNetworkFile(example.replace('seeds = []', 'seeds = []\nminimumChainWork = "ff"')).minimumChainWork,
      255n,
    );
  });
});

function deployment(bit: number, threshold = 8): string {
  return `seeds = []\n[[deployments]]\nname = "test"\nbit = ${bit}\nstartTime = 0\ntimeout = 1\nwindowBlocks = 10\nthreshold = ${threshold}`;
}
