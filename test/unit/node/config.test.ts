import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadConfig, locate } from '../../../src/node/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'indiecoin-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const regtest = { network: 'regtest', 'data-dir': folder };

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('loadConfig', () => {
  it('has the documented defaults', () => {
    const config = loadConfig(regtest, {});
    assert.equal(config.maxPeers, 100);
    assert.equal(config.serverPort, 0);
    assert.equal(config.rpcPort, 28889);
    assert.equal(config.rpcHost, '127.0.0.1');
    assert.equal(config.transactionIndex, true);
    assert.equal(config.miner, false);
    assert.equal(config.useBootstrapList, true);
    assert.equal(config.dataDir, folder);
  });

  it('takes flags before the environment before the file', () => {
    const config = fileWith('order.toml', 'max-peers = 10\nthreads = 2\nrpc-port = 1000\n');
    const environment = { INDIECOIN_MAX_PEERS: '20', INDIECOIN_THREADS: '3' };
    const loaded = loadConfig({ ...regtest, config, 'max-peers': '30' }, environment);
    assert.deepEqual([loaded.maxPeers, loaded.threads, loaded.rpcPort], [30, 3, 1000]);
  });

  it('reads indiecoin.toml in the data directory', () => {
    const dataDir = mkdtempSync(join(folder, 'data-'));
    writeFileSync(join(dataDir, 'indiecoin.toml'), 'max-peers = 7\nannounce = ["1.2.3.4:8888"]\n');
    const config = loadConfig({ network: 'regtest', 'data-dir': dataDir }, {});
    assert.equal(config.maxPeers, 7);
    assert.deepEqual(config.announce, ['1.2.3.4:8888']);
  });

  it('takes 300 peers and refuses 301, naming where it was said', () => {
    assert.equal(loadConfig({ ...regtest, 'max-peers': '300' }, {}).maxPeers, 300);
    assert.throws(
      () => loadConfig({ ...regtest, 'max-peers': '301' }, {}),
      /--max-peers cannot be 301: at most 300/,
    );
    assert.throws(
      () => loadConfig(regtest, { INDIECOIN_MAX_PEERS: '301' }),
      /INDIECOIN_MAX_PEERS cannot be 301: at most 300/,
    );
    assert.throws(() => loadConfig({ ...regtest, 'max-peers': 'many' }, {}), /needs a whole number/);
  });

  it('prunes from 550 MB on, less only on networks for tests, and not with an index', () => {
    const mainnet = { network: 'mainnet', 'data-dir': folder };
    assert.equal(loadConfig(mainnet, {}).prune, undefined);
    assert.equal(loadConfig({ ...mainnet, prune: '0' }, {}).prune, undefined);
    const config = loadConfig(mainnet, { INDIECOIN_PRUNE: '550' });
    assert.deepEqual(config.prune, { targetBytes: 550 * 1024 * 1024 });
    assert.equal(config.transactionIndex, false, 'it goes by itself');
    assert.throws(
      () => loadConfig({ ...mainnet, prune: '549' }, {}),
      /prune cannot be 549: 550 MB are the least/,
    );
    assert.throws(() => loadConfig({ ...mainnet, prune: '-1' }, {}), /--prune needs a whole number/);
    assert.deepEqual(loadConfig({ ...regtest, prune: '1' }, {}).prune, { targetBytes: 1024 * 1024 });
    assert.throws(
      () => loadConfig({ ...mainnet, prune: '550', 'transaction-index': true }, {}),
      /prune and transaction-index do not go together/,
    );
  });

  it('names the nearest key for an unknown one', () => {
    const config = fileWith('typo.toml', 'max-pears = 10\n');
    assert.throws(
      () => loadConfig({ ...regtest, config }, {}),
      /"max-pears" in .* Did you mean "max-peers"\?/,
    );
    assert.throws(
      () => loadConfig(regtest, { INDIECOIN_MAX_PEER: '1' }),
      /INDIECOIN_MAX_PEER is not a setting. Did you mean "INDIECOIN_MAX_PEERS"\?/,
    );
  });

  it('keeps "none" apart from the seeds', () => {
    const config = loadConfig({ ...regtest, 'dns-seed': ['none', '127.0.0.1:1'] }, {});
    assert.equal(config.useBootstrapList, false);
    assert.deepEqual(config.dnsSeeds, ['127.0.0.1:1']);
    assert.deepEqual(loadConfig(regtest, { INDIECOIN_DNS_SEED: 'a:1, b:2' }).dnsSeeds, ['a:1', 'b:2']);
  });

  it('takes localhost for the address that it is', () => {
    const listening = loadConfig({ network: 'regtest', 'listen-host': 'localhost, ::1' }, {});
    assert.deepEqual(listening.listenHosts, ['127.0.0.1', '::1']);
  });

  it('refuses a password without a user, an unknown level and a missing file', () => {
    assert.throws(() => loadConfig(regtest, { INDIECOIN_RPC_PASSWORD: 'x' }), /go together/);
    assert.throws(() => loadConfig({ ...regtest, 'log-level': 'wran' }, {}), /Did you mean "warn"\?/);
    assert.throws(() => loadConfig({ ...regtest, config: join(folder, 'none.toml') }, {}), /cannot be read/);
    assert.throws(
      () => loadConfig({ network: 'regtset' }, {}),
      /There is no network "regtset"\. Did you mean "regtest"\?/,
    );
  });
});

describe('locate', () => {
  it('has a folder for each network, and takes --data-dir as given', () => {
    assert.match(locate('regtest').dataDir, /indiecoin.*regtest$/);
    assert.match(locate().dataDir, /indiecoin.*mainnet$/);
    assert.equal(locate('testnet', folder).dataDir, folder);
  });

  it('names the network file that it cannot use', () => {
    const path = fileWith('bad.toml', 'name = "other"\n');
    assert.throws(() => locate(path), /The network file .*bad\.toml is not right: magic/);
  });
});
