import { WalletKeys } from '../../wallet/walletKeys.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal.ts';

type Balance = {
  confirmed: string;
  unconfirmed: string;
  immature: string;
  height: number;
  rescanning: boolean;
  exists: boolean;
  watchonly?: Record<'confirmed' | 'unconfirmed' | 'immature', string>;
};

export const walletBalance: Command = {
  usage: 'balance',
  summary: 'what the wallet holds, in coins',
  examples: [
    ['indiecoin wallet balance', 'confirmed, unconfirmed and immature apart'],
    ['indiecoin wallet balance --json', 'amounts as decimal strings'],
  ],
  run: async ({ node, terminal, config }) => {
    const { exists, ...balance } = await node.call<Balance>('walletbalance');
    terminal.answer(balance, () => {
      if (!exists)
        return WalletKeys.lost(config.dataDir) ?? 'There is no wallet yet: `indiecoin wallet new` makes one.';
      const width = Math.max(
        ...[balance.confirmed, balance.unconfirmed, balance.immature].map(({ length }) => length),
      );
      const rows: [string, string][] = [
        ['confirmed', `${balance.confirmed.padStart(width)}  can be spent`],
        ['unconfirmed', `${balance.unconfirmed.padStart(width)}  waits for a block`],
        ['immature', `${balance.immature.padStart(width)}  mined, can be spent later`],
      ];
      const { watchonly: watched } = balance;
      if (watched !== undefined) {
        const waiting = `${watched.unconfirmed} unconfirmed, ${watched.immature} immature`;
        rows.push(['watched', `${watched.confirmed.padStart(width)}  not yours to spend (${waiting})`]);
      }
      const note = balance.rescanning
        ? [`Still looking through the chain, at height ${balance.height}.`]
        : [];
      return [...table(rows), ...note];
    });
  },
};
