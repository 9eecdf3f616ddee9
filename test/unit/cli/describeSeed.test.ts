import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toCliError } from '../../../src/cli/cliError.ts';
import { announceWarnings, seedAddresses, seedLines, seedNotes } from '../../../src/cli/describeSeed.ts';
import { loadConfig } from '../../../src/node/config.ts';

const PEER = '12D3KooWGRWFGSkaMdpZuYvkn6tBpmoFRXHfHcZWcAUUPB5mZgfR';

describe('the notes of a seed', () => {
  it('give the record of a name under that name, for IPv4 where only that is listened on', () => {
    const multiaddrs = [
      `/dns/seed.example.org/tcp/8888/p2p/${PEER}`,
      `/ip6/2001:db8::5/tcp/8888/p2p/${PEER}`,
    ];
    const notes = seedNotes({ listenPort: 8888, listenHosts: ['0.0.0.0'], multiaddrs });
    assert.deepEqual(notes.dnsaddr, [
      `_dnsaddr.seed.example.org. 300 IN TXT "dnsaddr=/dns4/seed.example.org/tcp/8888/p2p/${PEER}"`,
      `_dnsaddr.YOUR-DOMAIN. 300 IN TXT "dnsaddr=/ip6/2001:db8::5/tcp/8888/p2p/${PEER}"`,
    ]);
    const both = seedNotes({ listenPort: 8888, listenHosts: ['0.0.0.0', '::'], multiaddrs });
    assert.match(both.dnsaddr[0]!, /dnsaddr=\/dns\/seed\.example\.org/);
    const lines = seedLines(notes).join('\n');
    assert.match(lines, /^For those who join through this seed, any of these:/);
    const one = seedLines({ ...notes, multiaddrs: multiaddrs.slice(1) });
    assert.equal(one[0], 'For those who join through this seed:');
    for (const text of [...multiaddrs, ...notes.dnsaddr, 'ufw allow 8888/tcp'])
      assert.ok(lines.includes(text), text);
  });
});

describe('the address of a seed', () => {
  const config = (flags: Record<string, unknown>) => loadConfig({ 'listen-host': '127.0.0.1', ...flags }, {});

  it('is what it was told, and has to be told where no interface has a public one', () => {
    assert.deepEqual(seedAddresses(config({ network: 'testnet', announce: ['203.0.113.5'] })), [
      '203.0.113.5',
    ]);
    assert.deepEqual(seedAddresses(config({ network: 'regtest' })), []);
    const refused = () => seedAddresses(config({ network: 'testnet' }));
    assert.throws(
      refused,
      (error) => toCliError(error).exitCode === 2 && /--announce HOST/.test(String(error)),
    );
  });

  it('is warned of when it means nothing to strangers', () => {
    const announce = ['10.0.0.1:99', '203.0.113.5', '/ip4/192.168.1.2/tcp/8888', 'seed.example.org'];
    const warned = announceWarnings(config({ network: 'mainnet', announce }));
    assert.equal(warned.length, 3);
    assert.match(warned[0]!, /^10\.0\.0\.1:99 is a private address/);
    assert.match(warned[1]!, /^203\.0\.113\.5 is an address for examples in texts: nobody can reach it/);
    assert.deepEqual(announceWarnings(config({ network: 'regtest', announce })), []);
  });

  it('is warned of when it is of a family that is not listened on', () => {
    const announce = ['2001:4860::5', 'seed.example.org'];
    const warnings = (hosts: string) =>
      announceWarnings(config({ network: 'regtest', announce, 'listen-host': hosts }));
    assert.match(
      warnings('0.0.0.0').join(),
      /^2001:4860::5 is an IPv6 address, .*`--listen-host 0\.0\.0\.0,::` does\.$/,
    );
    for (const hosts of ['0.0.0.0,::', '::1, 127.0.0.1']) assert.deepEqual(warnings(hosts), []);
  });
});
