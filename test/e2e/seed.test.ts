import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { temporaryFolder } from '../support/chains.ts';
import { MAIN, NodeProcess, runCli, until } from '../support/nodeProcess.ts';
import { bytesOf, field, parseFields } from '../support/wire.ts';

type Finding = { check: string; verdict: string; found: string; advice?: string };
type Report = { ok: boolean; findings: Finding[] };
type Started = {
  peerId: string;
  metrics: string;
  seed: { multiaddrs: string[]; dnsaddr: string[]; firewall: string[] };
};

/** Words before the program: it is run as a user who owns nothing. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const CAN_BE_NOBODY =
  process.getuid?.() === 0 &&
  spawnSync(NOBODY[0]!, [...NOBODY.slice(1), process.execPath, MAIN, '--version']).status === 0;

const HAS_IP6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

const folders: string[] = [];
const nodes: NodeProcess[] = [];
const bares: BareNode[] = [];
let seed: NodeProcess;
let seedPort: number;
let seedFolder: string;

async function folder(): Promise<string> {
  const made = await temporaryFolder();
  folders.push(made);
  return made;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startSeed(dataDir: string): Promise<NodeProcess> {
  const args = ['--server-port', `${seedPort}`, '--metrics-port', '0', '--announce', '127.0.0.1', '--json'];
  const node = await NodeProcess.start({ dataDir, command: 'seed', args });
  nodes.push(node);
  return node;
}

/** What `--json` printed of the start. */
function started(node: NodeProcess): Started {
  const line = node.output.split('\n').find((one) => one.startsWith('{"event":"started"'));
  assert.ok(line, node.output);
  return JSON.parse(line) as Started;
}

async function startPeer(): Promise<NodeProcess> {
  const node = await NodeProcess.start({ dataDir: await folder(), seeds: [`127.0.0.1:${seedPort}`] });
  nodes.push(node);
  return node;
}

async function openBare(network = 'regtest'): Promise<BareNode> {
  const bare = await BareNode.open(network, regtest.genesis.header.hash);
  bares.push(bare);
  return bare;
}

/** Runs the doctor for that data directory. */
async function examine(
  dataDir: string,
  ...nodesAndFlags: string[]
): Promise<Report & { code: number | null }> {
  const line = ['doctor', '--network', 'regtest', '--data-dir', dataDir, '--dns-seed', 'none', '--json'];
  const { code, stdout, stderr } = await runCli([...line, ...nodesAndFlags]);
  assert.ok(stdout.startsWith('{'), stderr);
  return { ...(JSON.parse(stdout) as Report), code };
}

function find({ findings }: Report, check: string, words = /./): Finding {
  const found = findings.find((one) => one.check === check && words.test(one.found));
  assert.ok(found, `no ${check} ${words} in ${JSON.stringify(findings, undefined, 1)}`);
  return found;
}

before(async () => {
  seedPort = await freePort();
  seedFolder = await folder();
  seed = await startSeed(seedFolder);
});

after(async () => {
  await Promise.all([...nodes.map((node) => node.stop()), ...bares.map((bare) => bare.close())]);
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

describe('a seed', () => {
  it('says what to publish, and answers those who watch over it', async () => {
    const { peerId, metrics, seed: notes } = started(seed);
    const address = `/ip4/127.0.0.1/tcp/${seedPort}/p2p/${peerId}`;
    assert.deepEqual(notes.multiaddrs, [address]);
    assert.deepEqual(notes.dnsaddr, [`_dnsaddr.YOUR-DOMAIN. 300 IN TXT "dnsaddr=${address}"`]);
    assert.equal(notes.firewall[0], `ufw allow ${seedPort}/tcp`);
    // Alone, as the first of its network is.
    const health = await fetch(`http://${metrics}/healthz`);
    assert.equal(health.status, 200);
    assert.equal(((await health.json()) as { state: string }).state, 'bootstrapping');
    const text = await (await fetch(`http://${metrics}/metrics`)).text();
    assert.match(text, /^indiecoin_peers_max 300$/m);
  });

  it('takes a doctor that looks at it for no peer that it could lose', async () => {
    const report = await examine(await folder(), `127.0.0.1:${seedPort}`);
    assert.equal(find(report, 'node asked').verdict, 'ok');
    await until('the doctor is gone', async () => (await seed.rpc<unknown[]>('getpeerinfo')).length === 0);
    assert.equal((await seed.rpc<{ state: string }>('status')).state, 'bootstrapping');
  });

  it('listens on IPv4 and IPv6 under one port', { skip: !HAS_IP6 }, async () => {
    const both = await NodeProcess.start({ dataDir: await folder(), listenHost: '127.0.0.1,::1' });
    nodes.push(both);
    const { addresses, peerId } = await both.rpc<{ addresses: string[]; peerId: string }>('status');
    const port = /\/tcp\/(\d+)/.exec(addresses[0]!)![1];
    const expected = ['/ip4/127.0.0.1', '/ip6/::1'].map((host) => `${host}/tcp/${port}/p2p/${peerId}`);
    assert.deepEqual([...addresses].sort(), expected);
    const report = await examine(await folder(), ...addresses);
    for (const address of addresses)
      assert.equal(find(report, 'node asked', new RegExp(address)).verdict, 'ok');
    assert.equal(await both.stop(), 0);
  });

  it('passes on those that it has reached, and not one that lies about its port', async () => {
    const peers = await Promise.all([startPeer(), startPeer()]);
    const liar = await openBare();
    liar.status = { ...liar.status, listenPort: await freePort() };
    await liar.join(`/ip4/127.0.0.1/tcp/${seedPort}`);
    const asker = await openBare();
    const connection = await asker.join(`/ip4/127.0.0.1/tcp/${seedPort}`);
    const ids = await Promise.all(
      peers.map(async (peer) => (await peer.rpc<{ peerId: string }>('status')).peerId),
    );
    let passedOn: string[] = [];
    await until('both peers are passed on', async () => {
      const [answer] = await asker.ask(connection, 'peers/1', field(1, 256));
      const entries = bytesOf(parseFields(answer!.payload), 1);
      passedOn = entries.map((entry) => bytesOf(parseFields(entry), 1)[0]!.toString('utf8'));
      return ids.every((id) => passedOn.some((address) => address.endsWith(id)));
    });
    assert.ok(!passedOn.some((address) => address.endsWith(liar.peerId)), passedOn.join());
  });

  it('keeps its peer id when its one file is restored elsewhere', async () => {
    const { peerId } = started(seed);
    assert.equal((await stat(join(seedFolder, 'identity.key'))).mode & 0o777, 0o600);
    assert.equal(await seed.stop(), 0);
    const other = await folder();
    await copyFile(join(seedFolder, 'identity.key'), join(other, 'identity.key'));
    seed = await startSeed(other);
    assert.equal(started(seed).peerId, peerId);
  });

  it('does not become another one when that file is damaged', async () => {
    const dataDir = await folder();
    await writeFile(join(dataDir, 'identity.key'), 'nonsense');
    const line = ['seed', '--network', 'regtest', '--data-dir', dataDir, '--dns-seed', 'none'];
    const { code, stderr } = await runCli([...line, '--rpc-port', '0', '--metrics-port', '0']);
    assert.equal(code, 6);
    assert.match(stderr, /identity\.key is not a node identity. Restore it/);
    const report = await examine(dataDir);
    assert.equal(report.code, 9);
    assert.equal(find(report, 'identity').verdict, 'fail');
  });
});

describe('the doctor', () => {
  it('finds a node well that is, and knows who has reached it', async () => {
    const peer = nodes.find((node) => node !== seed && !node.hasExited)!;
    // The seed is new: the peer has lost it a moment ago, and must be asked after it has found it again.
    await until(
      'the peer runs',
      async () => (await peer.rpc<{ state: string }>('status')).state === 'running',
    );
    const report = await until('the seed has dialled the peer', async () => {
      const now = await examine(peer.dataDir, `127.0.0.1:${seedPort}`, '--dns-seed', '127.0.0.1:1');
      return now.findings.some(({ check, verdict }) => check === 'reachable' && verdict === 'ok') && now;
    });
    assert.equal(report.code, 0);
    assert.ok(report.ok);
    assert.equal(find(report, 'node asked', new RegExp(`:${seedPort}`)).verdict, 'ok');
    assert.match(find(report, 'reachable').found, new RegExp(`have dialled it.*:${seedPort}`));
    assert.equal(find(report, 'seed', /127\.0\.0\.1:1: .*nothing listens on the port/).verdict, 'warn');
    assert.equal(find(report, 'own address').verdict, 'ok');
    assert.equal(find(report, 'clock').verdict, 'ok');
    assert.equal(find(report, 'node').verdict, 'ok');
  });

  it('asks the seeds that the running node was started with', async () => {
    const peer = nodes.find((node) => node !== seed && !node.hasExited)!;
    assert.equal(find(await examine(peer.dataDir), 'seed', new RegExp(`:${seedPort}`)).verdict, 'ok');
  });

  it('does not wait for ever for a node that does not answer', async () => {
    const peer = nodes.find((node) => node !== seed && !node.hasExited)!;
    process.kill(peer.pid, 'SIGSTOP');
    try {
      const report = await examine(peer.dataDir);
      assert.equal(report.code, 9);
      assert.match(find(report, 'node').found, /does not answer within/);
    } finally {
      process.kill(peer.pid, 'SIGCONT');
    }
  });

  it('says that no seed answers, while no node runs', async () => {
    const report = await examine(await folder(), '--dns-seed', '127.0.0.1:1');
    assert.equal(report.code, 9);
    assert.ok(!report.ok);
    assert.equal(find(report, 'seed').verdict, 'fail');
    assert.equal(find(report, 'node').verdict, 'warn');
    assert.equal(find(report, 'clock').verdict, 'skip');
    assert.equal(find(report, 'reachable').verdict, 'skip');
  });

  it('asks each address by itself, though one peer has them all', async () => {
    const there = `/ip4/127.0.0.1/tcp/${seedPort}/p2p/${started(seed).peerId}`;
    const dead = there.replace(`${seedPort}`, '1');
    const report = await examine(await folder(), there, dead);
    assert.equal(find(report, 'node asked', new RegExp(`/tcp/${seedPort}/`)).verdict, 'ok');
    assert.equal(find(report, 'node asked', /tcp\/1\/.*nothing listens/).verdict, 'fail');
  });

  it('knows a door that is none for peers', async () => {
    const { metrics } = started(seed);
    const report = await examine(await folder(), metrics);
    assert.match(find(report, 'node asked').found, /does not speak libp2p|or is no node/);
  });

  it('knows a node of another network, by its name and by its genesis', async () => {
    const named = await openBare('othernet');
    const twin = await openBare();
    twin.status = { ...twin.status, genesis: Buffer.alloc(32, 7) };
    const report = await examine(await folder(), named.address, twin.address);
    assert.equal(report.code, 9);
    assert.equal(find(report, 'node asked', /another network, othernet/).verdict, 'fail');
    assert.equal(find(report, 'node asked', /another genesis block/).verdict, 'fail');
    const elsewhere = named.address.replace(named.peerId, twin.peerId);
    assert.equal(
      find(await examine(await folder(), elsewhere), 'node asked', /another node/).verdict,
      'fail',
    );
  });

  it('notices a clock that is an hour off', async () => {
    const bare = await openBare();
    bare.status = { ...bare.status, clockOffsetSec: 3600 };
    const report = await examine(await folder(), bare.address);
    assert.equal(report.code, 9);
    assert.match(find(report, 'clock').found, /^(3600|3599|3601) s behind/);
    assert.equal(find(report, 'clock').verdict, 'fail');
  });

  it('sees files that another user has made, as the start does', { skip: !CAN_BE_NOBODY }, async () => {
    const dataDir = await folder();
    const options = { dataDir, under: NOBODY };
    await chown(dataDir, 65534, 65534);
    for (const dir of ['chain', 'wallet']) await mkdir(join(dataDir, dir), { mode: 0o755 });
    await writeFile(join(dataDir, 'identity.key'), 'of root', { mode: 0o600 });
    const line = ['doctor', '--network', 'regtest', '--data-dir', dataDir, '--dns-seed', 'none', '--json'];
    const { code, stdout } = await runCli(line, { under: NOBODY });
    assert.equal(code, 9);
    const report = JSON.parse(stdout) as Report;
    const data = find(report, 'data');
    assert.equal(data.verdict, 'fail');
    assert.equal(
      data.found,
      `${join(dataDir, 'chain')} cannot be read and written by this user, nor 2 more in ${dataDir}`,
    );
    assert.match(data.advice!, /chown -R \w+: \/.*$/);
    assert.equal(find(report, 'identity').verdict, 'fail');
    for (const refused of ['chain', 'identity.key']) {
      const node = NodeProcess.launch(options);
      assert.equal(await node.ended(), 1);
      const advice = new RegExp(`${refused} cannot be used: .* as root, \`chown -R \\w+: ${dataDir}\``);
      assert.match(node.output, advice);
      for (const dir of ['chain', 'wallet']) await chown(join(dataDir, dir), 65534, 65534);
    }
  });

  it('sees files that others can read, and a name that would be lost', async () => {
    const dataDir = await folder();
    await copyFile(join(seedFolder, 'identity.key'), join(dataDir, 'identity.key'));
    await chmod(join(dataDir, 'identity.key'), 0o644);
    const open = await examine(dataDir, '--min-free-space', '1');
    assert.equal(open.code, 0);
    assert.match(find(open, 'permissions').advice!, /^chmod 600 .*identity\.key$/);
    await rm(join(seedFolder, 'identity.key'));
    const lost = await examine(seedFolder, '--min-free-space', '100000000');
    assert.equal(lost.code, 9);
    assert.match(find(lost, 'identity').found, /another peer id/);
    assert.equal(find(lost, 'disk').verdict, 'fail');
  });
});
