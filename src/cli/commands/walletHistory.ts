import { type Command, optionalText } from '../command.ts';
import { wholeNumber } from '../wholeNumber.ts';

type Entry = {
  txid: string;
  type: 'mined' | 'sent' | 'received';
  amount: string;
  confirmations: number;
  timeSec: number;
  /** It is in no block and waits for none. */
  dropped?: boolean;
  replacedBy?: string;
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
      return entries.flatMap((entry) => describe(entry, width, context.terminal.columns));
    });
  },
};

function describe(entry: Entry, width: number, columns: number): string[] {
  const { timeSec, type, amount, txid } = entry;
  const time = new Date(timeSec * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const start = `${time}  ${type.padEnd(8)}  ${amount.padStart(width)}  ${depthOf(entry).padEnd(11)}`;
  // Never cut: other commands want it whole.
  return start.length + 2 + txid.length <= columns ? [`${start}  ${txid}`] : [start.trimEnd(), `  ${txid}`];
}

function depthOf({ confirmations, dropped, replacedBy }: Entry): string {
  if (dropped === true) return replacedBy === undefined ? 'dropped' : 'replaced';
  return confirmations === 0 ? 'unconfirmed' : `${confirmations} deep`;
}
