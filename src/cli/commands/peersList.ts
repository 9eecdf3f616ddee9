import type { Command } from '../command.ts';

type Peer = {
  peer_id: string;
  addr: string;
  inbound: boolean;
  synced_blocks: number;
  conntime: number;
  subver: string;
  score: number;
};

export const peersList: Command = {
  usage: 'list',
  summary: 'the peers that this node is connected to',
  examples: [
    ['indiecoin peers list', 'who, where, how high'],
    ['indiecoin peers list --json', 'with everything that is known of them'],
  ],
  run: async ({ node, terminal }) => {
    const peers = await node.call<Peer[]>('getpeerinfo');
    terminal.answer(peers, () => {
      if (peers.length === 0) return 'No peers. `indiecoin status` says what the node is doing about it.';
      const rows = peers.map((peer) => [
        peer.inbound ? 'in' : 'out',
        peer.synced_blocks < 0 ? '?' : String(peer.synced_blocks),
        peer.peer_id.slice(-8),
        peer.addr.replace(/\/p2p\/.*$/, ''),
        peer.subver,
      ]);
      const all = [['way', 'height', 'peer id', 'address', 'program'], ...rows];
      const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]!.length)));
      return all.map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      );
    });
  },
};
