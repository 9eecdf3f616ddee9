import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BAD_KINDS, type BadKind } from '../support/badPeers.ts';
import { TestNodes, until } from '../support/networkNodes.ts';
import { benchParams, type ChainPlan, heightOf } from './badPeersChain.ts';
import type { HostsTask, OtherHosts } from './badPeersHosts.ts';

const HOSTS = fileURLToPath(new URL('./badPeersHosts.js', import.meta.url));
const GOOD = 4;
/** Measurements of each, by turns. */
const ROUNDS = 2;
const MAX_MS = 300_000;
const USAGE = `npm run bench -- bad-peers [SMALL LARGE [KIND…]]
  how much longer a sync takes with bad peers among the ${GOOD} good ones: SMALL blocks, then LARGE ones of 1 MB
  alone          held against a sync from the good ones alone
  newcomers      held against one among as many harmless peers that have no blocks: they all share this machine`;

/**
 * Syncs one chain from good peers alone, then with bad ones of each sort that claim the most work and are dialled first.
 * Good and bad ones live in processes of their own.
 */
export async function run(options: readonly string[]): Promise<void> {
  const [small = '2000', large = '60', ...kinds] = options;
  const plan: ChainPlan = { small: Number(small), large: Number(large) };
  if (!Number.isInteger(plan.small) || !Number.isInteger(plan.large) || plan.small < 1)
    throw new Error(USAGE);
  const picked = kinds.length > 0 ? BAD_KINDS.filter((kind) => kinds.includes(kind)) : BAD_KINDS;
  const cases = picked.map((kind) => ({ name: `2 × ${kind}`, bad: [kind, kind] }));
  if (kinds.length === 0) {
    for (const kind of ['silent-headers', 'stalls', 'slow'] as const) {
      cases.push({ name: `8 × ${kind}`, bad: Array<BadKind>(8).fill(kind) });
    }
  }
  if (kinds.length === 0 || kinds.includes('mixture')) {
    cases.push({ name: 'one of each', bad: [...BAD_KINDS] });
    cases.push({ name: 'two of each', bad: [...BAD_KINDS, ...BAD_KINDS] });
  }
  const good = await HostsProcess.start({ plan, good: GOOD });
  try {
    await measure(plan, good, {});
    for (const { name, bad } of cases) await compare(name, plan, good, bad);
  } finally {
    await good.stop();
  }
}

/** With them, without, and with harmless ones by turns, as the machine may be busy with other things; the best counts. */
async function compare(
  name: string,
  plan: ChainPlan,
  good: HostsProcess,
  bad: readonly BadKind[],
): Promise<void> {
  const alone: number[] = [];
  const newcomers: number[] = [];
  const among: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    alone.push(await measure(plan, good, {}));
    newcomers.push(await measure(plan, good, { newcomers: bad.length }));
    among.push(await measure(plan, good, { bad }));
  }
  const ratio = (to: readonly number[]) => `x${(Math.min(...among) / Math.min(...to)).toFixed(2)}`;
  console.log(
    `${name.padEnd(22)} ${list(among)} s   alone ${list(alone)} s, ${ratio(alone)}   ` +
      `newcomers ${list(newcomers)} s, ${ratio(newcomers)}`,
  );
}

function list(ms: readonly number[]): string {
  return ms.map((each) => (each / 1000).toFixed(2)).join(', ');
}

/** Milliseconds from the start of the node to its last block. */
async function measure(plan: ChainPlan, good: HostsProcess, more: OtherHosts): Promise<number> {
  const others = Object.keys(more).length > 0 ? await HostsProcess.start({ plan, ...more }) : undefined;
  try {
    if (others !== undefined) await good.keepFrom(others);
    let tookMs = 0;
    await TestNodes.with(async (nodes) => {
      const seeds = [...(others?.addresses ?? []), ...good.addresses];
      const startMs = performance.now();
      const node = await nodes.open({ params: benchParams(plan), seeds });
      const top = heightOf(plan);
      await until('synced', () => node.chain.tip.height >= top, MAX_MS);
      tookMs = performance.now() - startMs;
    });
    return tookMs;
  } finally {
    await others?.stop();
  }
}

/** Peers in a process of their own, until its input ends. */
class HostsProcess {
  readonly addresses: readonly string[];
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface, addresses: readonly string[]) {
    this.#child = child;
    this.#lines = lines;
    this.addresses = addresses;
  }

  static async start(task: HostsTask): Promise<HostsProcess> {
    const child = spawn(process.execPath, [HOSTS, JSON.stringify(task)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TEST_LOG: 'silent' },
    });
    const lines = createInterface({ input: child.stdout! });
    const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(MAX_MS) })) as [string];
    return new HostsProcess(child, lines, JSON.parse(line) as string[]);
  }

  /** A heavier chain would keep them busy themselves; what is measured is the node that syncs. */
  async keepFrom({ addresses }: HostsProcess): Promise<void> {
    const done = once(this.#lines, 'line', { signal: AbortSignal.timeout(MAX_MS) });
    this.#child.stdin!.write(`${JSON.stringify(addresses.map((address) => address.split('/p2p/')[1]))}\n`);
    await done;
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin!.end();
    await closed;
  }
}
