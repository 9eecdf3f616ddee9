import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { NODE_STATES } from '../../../src/network/nodeState.ts';
import { loadConfig } from '../../../src/node/config.ts';
import { type Node, openNode } from '../../../src/node/node.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { isFromLoopback, isNameWithoutDots } from '../../../src/rpc/access.ts';
import { isHealthy } from '../../../src/rpc/monitor.ts';
import { parseDatabaseStats } from '../../../src/store/databaseStats.ts';
import { BareNode } from '../../support/bareNode.ts';
import { temporaryFolder } from '../../support/chains.ts';
import { matches, parseMetrics, type Series, selectorsOf } from '../../support/metrics.ts';
import { until } from '../../support/networkNodes.ts';

const DASHBOARD = new URL('../../../../bootstrap/grafana-dashboard.json', import.meta.url);
/** Peers are pinged for the first time after half a minute. */
const LATE: readonly Series[] = [{ name: 'indiecoin_peer_ping_seconds', labels: { of: 'max' }, value: 0 }];
const folders: string[] = [];
let node: Node;
let peer: Node;

async function open(dataDir: string, settings: Record<string, unknown> = {}): Promise<Node> {
  const flags = {
    network: 'regtest',
    'data-dir': dataDir,
    'listen-host': '127.0.0.1',
    'log-level': 'silent',
    ...settings,
  };
  const config = loadConfig(flags, { INDIECOIN_RPC_PORT: '0', INDIECOIN_METRICS_PORT: '0' });
  return openNode(config, pino({ level: 'silent' }), '1.2.3');
}

async function openFolder(): Promise<string> {
  const folder = await temporaryFolder();
  folders.push(folder);
  return folder;
}

before(async () => {
  const dataDir = await openFolder();
  // LevelDB has tables only after a start that found something in its log.
  await (await open(dataDir, { 'dns-seed': 'none' })).close();
  node = await open(dataDir, { 'dns-seed': 'none' });
  const seeds = ['none', `127.0.0.1:${node.services.network.listenPort}`];
  peer = await open(await openFolder(), { 'dns-seed': seeds });
  await until('both are up to date', () => node.services.network.state() === 'running');
});

after(async () => {
  await Promise.all([peer.close(), node.close()]);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

type Reply = { status: number; text: string; headers: IncomingHttpHeaders };

function get(address: string, path: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${address}${path}`, { agent: false, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      response.on('end', () => resolve({ status: response.statusCode!, text, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function scrape(of: Node): Promise<ReturnType<typeof parseMetrics>> {
  return parseMetrics((await get(of.metricsAddress!, '/metrics')).text);
}

/** The first scrape that shows this height: one is kept for a second. */
async function scrapeAt(of: Node, height: number): ReturnType<typeof scrape> {
  let scraped = await scrape(of);
  await until(`a scrape at height ${height}`, async () => {
    scraped = await scrape(of);
    return numberOf(scraped.series, 'indiecoin_chain_height') === height;
  });
  return scraped;
}

function numberOf(series: readonly Series[], name: string, labels: Record<string, string> = {}): number {
  const found = series.find(
    (one) =>
      one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  assert.ok(found, `no ${name} ${JSON.stringify(labels)}`);
  return found.value;
}

describe('the doors', () => {
  it('tell this machine without a password, and nobody by another name', async () => {
    for (const address of [node.rpcAddress, node.metricsAddress!]) {
      const { status, headers } = await get(address, '/metrics');
      assert.equal(status, 200);
      assert.match(headers['content-type']!, /^text\/plain; version=0\.0\.4/);
      assert.equal((await get(address, '/metrics', { host: 'evil.example' })).status, 403);
      assert.equal((await get(address, '/metrics', { origin: 'http://localhost' })).status, 403);
      assert.equal((await get(address, '/healthz')).status, 200);
    }
    // A proxy on this machine may speak for anyone.
    assert.equal((await get(node.rpcAddress, '/metrics', { 'x-forwarded-for': '203.0.113.5' })).status, 401);
    assert.equal((await get(node.rpcAddress, '/metrics/../')).status, 401);
    assert.equal((await get(node.metricsAddress!, '/metrics', { host: 'seed:8890' })).status, 200);
    assert.equal((await get(node.metricsAddress!, '/')).status, 404);
  });

  it('know loopback from everything else', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      assert.ok(isFromLoopback(address, {}), address);
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '128.0.0.1', '127.evil', undefined])
      assert.ok(!isFromLoopback(address, {}), address);
    assert.ok(isNameWithoutDots('seed:8890') && isNameWithoutDots('indiecoin_seed'));
    assert.ok(!isNameWithoutDots('evil.example') && !isNameWithoutDots('') && !isNameWithoutDots(undefined));
  });

  it('say how the node is, and which states are well', async () => {
    const health = JSON.parse((await get(node.metricsAddress!, '/healthz')).text);
    const tipAgeSec = Math.floor(Date.now() / 1000) - regtest.genesis.header.timeSec;
    assert.ok(Math.abs(health.tipAgeSec - tipAgeSec) <= 2);
    assert.deepEqual(
      { ...health, tipAgeSec: 0 },
      { healthy: true, state: 'running', height: 0, headers: 0, tipAgeSec: 0, peers: 1 },
    );
    const well = (isSeed: boolean) => NODE_STATES.filter((state) => isHealthy(state, isSeed));
    assert.deepEqual(well(false), ['running']);
    assert.deepEqual(well(true), ['bootstrapping', 'evaluating', 'running', 'isolated']);
  });
});

describe('the metrics', () => {
  it('tell what has happened', async () => {
    const { miner, wallet } = node.services;
    const { publicKey } = await wallet.miningKey();
    const script = Buffer.concat([Buffer.of(0x21), publicKey, Buffer.of(0xac)]);
    await miner.generate(3, script);
    await until('the peer has the blocks', () => peer.services.chain.tip.height === 3);
    const { series } = await scrapeAt(peer, 3);
    assert.equal(numberOf(series, 'indiecoin_chain_blocks_connected_total'), 3);
    assert.equal(numberOf(series, 'indiecoin_peers', { direction: 'outbound' }), 1);
    assert.equal(numberOf(series, 'indiecoin_node_state', { state: 'running' }), 1);
    assert.equal(numberOf(series, 'indiecoin_node_state', { state: 'syncing' }), 0);
    const own = (await scrapeAt(node, 3)).series;
    assert.equal(numberOf(own, 'indiecoin_mining_blocks_found_total'), 3);
    assert.ok(numberOf(own, 'indiecoin_requests_total', { protocol: 'status/1', outcome: 'admitted' }) > 0);
    const sent = { protocol: '/indiecoin/regtest/status/1 sent' };
    assert.ok(numberOf(own, 'libp2p_data_transfer_bytes_total', sent) > 0);
  });

  it('are explained, and named as Prometheus wants it', async () => {
    const { series, help } = await scrape(node);
    for (const name of new Set(series.map((one) => one.name).filter((one) => one.startsWith('indiecoin_')))) {
      assert.match(help.get(name) ?? '', /^[A-Z1].{10,}\.$/, `${name} has no help`);
      assert.match(name, /^[a-z][a-z0-9_]+$/);
    }
  });

  it('have no series that a stranger can make', async () => {
    const idOf = ({ name, labels }: Series) => `${name} ${JSON.stringify(labels)}`;
    const ours = (all: readonly Series[]) =>
      all.filter(({ name }) => name.startsWith('indiecoin_')).map(idOf);
    const strangers: BareNode[] = [];
    try {
      const join = async () => {
        const bare = await BareNode.open('regtest', regtest.genesis.header.hash);
        strangers.push(bare);
        const connection = await bare.join(node.services.network.addresses()[0]!);
        // An unreadable request is a fault.
        await bare.ask(connection, 'headers/1', Buffer.alloc(40, 0xff)).catch(() => undefined);
      };
      const isCounted = async (count: number) => {
        const { series } = await scrape(node);
        return numberOf(series, 'indiecoin_faults_total', { source: 'headers/1' }) >= count;
      };
      await join();
      await until('the first fault is counted', () => isCounted(1));
      const before = await scrape(node);
      for (let i = 0; i < 4; i++) await join();
      await until('the others are, too', () => isCounted(5));
      const text = (await get(node.metricsAddress!, '/metrics')).text;
      assert.deepEqual(ours(parseMetrics(text).series), ours(before.series));
      // Node.js counts a kind of garbage collection from the first time on.
      const notNode = (all: readonly Series[]) => all.filter(({ name }) => !name.startsWith('nodejs_'));
      assert.ok(notNode(parseMetrics(text).series).length < notNode(before.series).length + 10);
      for (const { peerId, host } of strangers) {
        assert.ok(!text.includes(peerId));
        for (const address of host.getMultiaddrs())
          assert.ok(!text.includes(`:${/tcp\/(\d+)/.exec(address.toString())![1]}"`));
      }
    } finally {
      await Promise.all(strangers.map((bare) => bare.close()));
    }
  });

  it('read the table that LevelDB prints', () => {
    const table = [
      '                               Compactions',
      'Level  Files Size(MB) Time(sec) Read(MB) Write(MB)',
      '--------------------------------------------------',
      '  0        2        3         0        0         4',
      '  1       10       20         5       60        70',
      '',
    ].join('\n');
    const { memoryBytes, levels } = parseDatabaseStats(table, '1234');
    const mib = 1024 * 1024;
    assert.equal(memoryBytes, 1234);
    assert.deepEqual(levels[1], {
      level: 1,
      files: 10,
      bytes: 20 * mib,
      compactionSec: 5,
      compactionReadBytes: 60 * mib,
      compactionWrittenBytes: 70 * mib,
    });
    assert.equal(levels.length, 2);
    assert.deepEqual(parseDatabaseStats('', ''), { memoryBytes: 0, levels: [] });
  });
});

describe('the dashboard', () => {
  it('draws every panel from metrics that exist', async () => {
    type Target = { expr: string };
    type Panel = { type: string; title: string; targets?: Target[] };
    const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] };
    const drawn = panels.filter(({ type }) => type !== 'row');
    assert.ok(drawn.length >= 20);
    await until('every expression finds a series', async () => {
      const { series, help } = await scrape(node);
      const missing = missingIn(drawn, [...series, ...LATE.filter(({ name }) => help.has(name))]);
      if (missing.length > 0) lastMissing = missing;
      return missing.length === 0;
    }).catch((error) => assert.fail(`${error}: ${lastMissing.join('; ')}`));
  });
  let lastMissing: string[] = [];

  function missingIn(
    panels: readonly { title: string; targets?: { expr: string }[] }[],
    series: readonly Series[],
  ) {
    return panels.flatMap(({ title, targets = [] }) => {
      if (targets.length === 0) return [`${title} draws nothing`];
      return targets.flatMap(({ expr }) => {
        const selectors = selectorsOf(expr);
        if (selectors.length === 0) return [`${title}: no metric in ${expr}`];
        return selectors
          .filter((selector) => !series.some((one) => one.name === selector.name && matches(one, selector)))
          .map(({ name }) => `${title}: ${name} in ${expr}`);
      });
    });
  }

  it('would notice a metric that does not exist', () => {
    const series = [{ name: 'indiecoin_peers', labels: { direction: 'inbound' }, value: 1 }];
    const panel = (expr: string) => [{ title: 'x', targets: [{ expr }] }];
    assert.deepEqual(missingIn(panel('sum(indiecoin_peers{direction="inbound"})'), series), []);
    assert.equal(missingIn(panel('sum(indiecoin_peers{direction="sideways"})'), series).length, 1);
    assert.equal(missingIn(panel('rate(indiecoin_pears[5m])'), series).length, 1);
    assert.equal(missingIn(panel('1 + 1'), series).length, 1);
  });
});
