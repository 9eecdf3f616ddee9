import { type Command, optionalText } from '../command.ts';
import { wholeNumber } from '../wholeNumber.ts';

type Entry = {
  txid: string;
  type: 'mined' | 'sent' | 'received';
  amount: string;
  confirmations: number;
  timeSec: number;
};

const DEFAULT_LIMIT = '50';

export const walletHistory: Command = {
  usage: 'history',
  summary: 'what came in and what went out, the latest first',
  flags: {
    limit: { requiresArg: true, description: `how many at most (default ${DEFAULT_LIMIT})` },
  },
  examples: [
    ['indiecoin wallet history', 'the last 50'],
    ['indiecoin wallet history --limit 5', 'the last 5'],
  ],
  run: async (context) => {
    const limit = wholeNumber(optionalText(context, 'limit') ?? DEFAULT_LIMIT, '--limit', 1, 100_000);
    const entries = await context.node.call<Entry[]>('wallethistory', [limit]);
    context.terminal.answer(entries, () => {
      if (entries.length === 0) return 'Nothing yet.';
      const width = Math.max(...entries.map(({ amount }) => amount.length));
      return entries.map((entry) => describe(entry, width, context.terminal.columns));
    });
  },
};

function describe(
  { timeSec, type, amount, confirmations, txid }: Entry,
  width: number,
  columns: number,
): string {
  const time = new Date(timeSec * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const depth = confirmations === 0 ? 'unconfirmed' : `${confirmations} deep`;
  const start = `${time}  ${type.padEnd(8)}  ${amount.padStart(width)}  ${depth.padEnd(11)}  `;
  // The txid is whole where there is room for it: a cut one cannot be looked up, but shows which is which.
  const room = columns - start.length;
  return start + (txid.length <= room || room < 12 ? txid : `${txid.slice(0, room - 1)}…`);
}
