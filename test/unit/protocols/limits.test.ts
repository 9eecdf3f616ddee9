import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { blocksProtocol } from '../../../protocols/blocks.ts';
import { headersProtocol } from '../../../protocols/headers.ts';
import { mempoolProtocol } from '../../../protocols/mempool.ts';
import { peersProtocol } from '../../../protocols/peers.ts';
import { statusProtocol } from '../../../protocols/status.ts';
import { transactionsProtocol } from '../../../protocols/transactions.ts';

const protocols = [
  statusProtocol,
  headersProtocol,
  blocksProtocol,
  transactionsProtocol,
  mempoolProtocol,
  peersProtocol,
];

test('the table of limits in protocols/LIMITS.md is what the code does', async () => {
  const text = await readFile(new URL('../../../../protocols/LIMITS.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| [a-z]+\/1 /.test(line));
  const expected = protocols.map(({ name, limits }) => {
    const perSec = limits.requestsPerSec === 1 / 60 ? '1/60' : limits.requestsPerSec;
    return `| ${name} | ${limits.maxRequestBytes} | ${limits.maxPayloadBytes} | ${limits.maxAnswerBytes} | ${limits.maxItems} | ${limits.streamsPerPeer} | ${limits.requestBurst} | ${perSec} | ${limits.timeoutMs / 1000} |`;
  });
  assert.deepEqual(rows, expected);
});

test('every protocol bears at least 20 requests a second, the mempool one a minute', () => {
  for (const { name, limits } of protocols) {
    if (name === 'mempool/1') continue;
    assert.ok(limits.requestBurst >= 20 && limits.requestsPerSec >= 20, name);
  }
  assert.equal(mempoolProtocol.limits.requestsPerSec, 1 / 60);
});
