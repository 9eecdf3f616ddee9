import type { Command } from '../command.ts';
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

type Ban = { address: string; banned_until: number; ban_reason: string };

export const peersList: Command = {
  usage: 'list',
  summary: 'the peers that this node is connected to',
  examples: [
    ['indiecoin peers list', 'who, where, how high, how well behaved; and who is banned, and why'],
    ['indiecoin peers list --json', 'with everything that is known of them'],
  ],
  run: async ({ node, terminal }) => {
    const peers = await node.call<Peer[]>('getpeerinfo');
    const bans = await node.call<Ban[]>('listbanned');
    terminal.answer(peers, () => {
      const banned = bans.map(describeBan);
      if (peers.length === 0) {
        return ['No peers. `indiecoin status` says what the node is doing about it.', ...banned];
      }
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
      const { isInteractive, columns } = terminal;
      return [...(isInteractive ? table.map((line) => fit(line, columns)) : table), ...banned];
    });
  },
};

function describeBan({ address, banned_until, ban_reason }: Ban): string {
  return `banned until ${new Date(banned_until * 1000).toISOString()}: ${address} (${printable(ban_reason)})`;
}
