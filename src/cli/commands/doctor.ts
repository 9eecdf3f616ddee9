import { parsePeerAddress } from '../../network/peerAddress.ts';
import { checkAddresses } from '../../node/checkAddresses.ts';
import type { NodeConfig } from '../../node/config.ts';
import { usageError } from '../cliError.ts';
import type { Command, Context } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkMachine } from '../doctor/machineChecks.ts';
import { askNode, checkNode, type RunningNode } from '../doctor/nodeChecks.ts';
import { EXIT } from '../exitCodes.ts';
import { settingFlags } from '../settingFlags.ts';
import { readNodeSettings } from '../settingsInForce.ts';
import { type Terminal, table } from '../terminal.ts';

export const doctor: Command = {
  usage: 'doctor [nodes..]',
  summary: 'find out what is wrong: clock, disk, files, which seeds answer, whether others reach this node',
  arguments: {
    nodes: { type: 'string', array: true, describe: 'more nodes to ask: host:port or multiaddr' },
  },
  flags: settingFlags(['dns-seed', 'min-free-space']),
  examples: [
    ['indiecoin doctor', 'everything, whether a node runs here or not'],
    [
      'indiecoin doctor 203.0.113.5:8888',
      'also whether that node answers, and whether it has reached this one',
    ],
    ['indiecoin doctor --dns-seed none --json', 'without the seeds of the network, for programs'],
  ],
  run: async (context) => {
    const { config, terminal } = context;
    // What a person typed wrong is said at once; a line of a list may be wrong, and is a finding.
    checkAddresses(config);
    for (const text of nodesIn(context)) expectAddress(text);
    const running = await askNode(context.node);
    const node =
      'verdict' in running ? undefined : { ...running, settings: readNodeSettings(config.dataDir) };
    const findings = [
      ...(await checkMachine(config)),
      ...(node === undefined ? [running as Finding] : checkNode(node)),
      ...(await checkOthers(context, node)),
    ];
    const isWell = findings.every(({ verdict }) => verdict !== 'fail');
    terminal.answer({ ok: isWell, network: config.params.name, dataDir: config.dataDir, findings }, () =>
      describe(findings, terminal),
    );
    return isWell ? EXIT.ok : EXIT.unwell;
  },
};

function nodesIn({ arguments: given }: Context): readonly string[] {
  return (given.nodes as string[] | undefined) ?? [];
}

function expectAddress(text: string): void {
  try {
    parsePeerAddress(text);
  } catch (error) {
    throw usageError(`A node to ask: ${(error as Error).message}`);
  }
}

async function checkOthers(context: Context, node: RunningNode | undefined): Promise<Finding[]> {
  const { config, terminal } = context;
  // Loaded when needed: libp2p would make every other command half a second slower.
  const [{ inspectAll, placesToAsk }, { checkClock, checkPlaces, checkReachable }] = await Promise.all([
    import('../doctor/inspectNodes.ts'),
    import('../doctor/networkChecks.ts'),
  ]);
  const places = await placesToAsk(withSeedsOf(node, config), {
    given: nodesIn(context),
    peers: (node?.peers ?? []).filter(({ inbound }) => !inbound).map((peer) => peer.multiaddr),
    own: node?.status.addresses ?? [],
  });
  if (places.length > 0) terminal.note(`Asking ${places.length} ${places.length === 1 ? 'node' : 'nodes'}…`);
  const inspected = await inspectAll(config, places);
  return [...checkPlaces(inspected, node), checkClock(inspected, node), checkReachable(inspected, node)];
}

/** Also the seeds that the running node was started with, whatever the flags of this run are. */
function withSeedsOf(node: RunningNode | undefined, config: NodeConfig): NodeConfig {
  if (node?.settings === undefined) return config;
  const { dnsSeeds, useBootstrapList } = node.settings;
  return {
    ...config,
    dnsSeeds: [...new Set([...config.dnsSeeds, ...dnsSeeds])],
    useBootstrapList: config.useBootstrapList && useBootstrapList,
  };
}

const COLORS = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;

function describe(findings: readonly Finding[], terminal: Terminal): string[] {
  const rows = findings.flatMap(({ check, verdict, found, advice }): [string, string][] => [
    [`${verdict.padEnd(4)}  ${check}`, printable(found)],
    ...(advice === undefined ? [] : [['', `→ ${printable(advice)}`] as [string, string]]),
  ]);
  const lines = table(rows, terminal.isInteractive ? terminal.columns : undefined).map((line) =>
    line.replace(/^(ok|warn|fail|skip) /, (word) =>
      terminal.style(COLORS[word.trim() as Finding['verdict']], word),
    ),
  );
  const failures = findings.filter(({ verdict }) => verdict === 'fail').length;
  const end = failures === 0 ? 'Nothing is broken.' : `${failures} of ${findings.length} checks failed.`;
  return [...lines, terminal.bold(end)];
}

/** Findings hold words of strangers: from other nodes, and from the DNS. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}
