import { usageError } from '../cliError.ts';
import type { Command } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { fit, printable } from '../textWidth.ts';

type Peer = {
  peer_id: string;
  addr: string;
  inbound: boolean;
  synced_blocks: number;
  conntime: number;
  subver: string;
  score: number;
  points: number;
  fault?: string;
};

/** A node that somebody has added by hand. */
type Added = { addednode: string; connected: boolean };

type Ban = { address: string; banned_until: number; ban_reason: string };

export const peersList: Command = {
  usage: 'list',
  summary: 'the peers that this node is connected to',
  flags: {
    added: { type: 'boolean', description: 'those that were added by hand instead, connected or not' },
    banned: { type: 'boolean', description: 'those who are banned instead' },
  },
  examples: [
    ['indiecoin peers list', 'who, where, how high, how well behaved; and who is banned, and why'],
    ['indiecoin peers list --json', 'with everything that is known of them'],
    ['indiecoin peers list --banned --json', 'the bans, for programs'],
  ],
  run: async ({ node, terminal, arguments: { added, banned } }) => {
    if (added === true && banned === true) throw usageError('Either --added or --banned, not both.');
    const listBans = () => node.call<Ban[]>('listbanned');
    const listAdded = () => node.call<Added[]>('getaddednodeinfo');
    if (banned === true) {
      const bans = await listBans();
      terminal.answer(bans, () => orElse(bans.map(describeBan), 'Nobody is banned.'));
    } else if (added === true) {
      const nodes = await listAdded();
      terminal.answer(nodes, () => orElse(nodes.map(describeAdded), 'None was added by hand.'));
    } else {
      const peers = await node.call<Peer[]>('getpeerinfo');
      const absent = (await listAdded()).filter(({ connected }) => !connected);
      const bans = await listBans();
      terminal.answer(peers, () => [
        ...describePeers(peers, terminal),
        ...absent.map(describeAdded),
        ...bans.map(describeBan),
      ]);
    }
  },
};

function orElse(lines: readonly string[], none: string): readonly string[] {
  return lines.length === 0 ? [none] : lines;
}

function describePeers(peers: readonly Peer[], { isInteractive, columns }: Terminal): string[] {
  if (peers.length === 0) return ['No peers. `indiecoin status` says what the node is doing about it.'];
  const rows = peers.map((peer) => [
    peer.inbound ? 'in' : 'out',
    peer.synced_blocks < 0 ? '?' : String(peer.synced_blocks),
    peer.peer_id.slice(-8),
    peer.addr,
    peer.score.toFixed(0),
    String(peer.points),
    printable(peer.fault === undefined ? peer.subver : `${peer.subver} (${peer.fault})`),
  ]);
  const all = [['way', 'height', 'peer id', 'address', 'score', 'points', 'program'], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const table = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(column === row.length - 1 ? 0 : widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return isInteractive ? table.map((line) => fit(line, columns)) : table;
}

function describeAdded({ addednode, connected }: Added): string {
  return `added by hand, ${connected ? 'connected' : 'not connected'}: ${printable(addednode)}`;
}

function describeBan({ address, banned_until, ban_reason }: Ban): string {
  return `banned until ${new Date(banned_until * 1000).toISOString()}: ${address} (${printable(ban_reason)})`;
}
