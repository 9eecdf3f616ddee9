import { type Command, optionalText } from '../command.ts';
import { fit, printable } from '../textWidth.ts';
import { wholeNumber } from '../wholeNumber.ts';

/** Of `listunspent`. */
type Coin = {
  txid: string;
  vout: number;
  address?: string;
  label?: string;
  /** In coins. */
  amount: number;
  confirmations: number;
  safe: boolean;
  /** Not of a key that is only watched. */
  spendable: boolean;
};

export const walletCoins: Command = {
  usage: 'coins',
  summary: 'the single coins that payments are made of',
  flags: {
    confirmations: { requiresArg: true, description: 'only those that are at least so deep (default 0)' },
  },
  examples: [
    ['indiecoin wallet coins', 'all that no payment has spent, the largest first'],
    ['indiecoin wallet coins --confirmations 6', 'those that are safe from reorganizations'],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const least = wholeNumber(optionalText(context, 'confirmations') ?? '0', '--confirmations', 0, 9_999_999);
    const list = (include_immature_coinbase: boolean) =>
      node.call<Coin[]>('listunspent', { minconf: least, query_options: { include_immature_coinbase } });
    const [found, mature] = [await list(true), new Set((await list(false)).map(placeOf))];
    // Larger numbers than there are coins lose nothing: below 2^53 base units a double is exact.
    const coins = found
      .sort((a, b) => b.amount - a.amount)
      .map(({ amount, ...coin }) => ({
        ...coin,
        amount: amount.toFixed(8),
        immature: !mature.has(placeOf(coin)),
      }));
    terminal.answer(coins, () => {
      if (coins.length === 0) return 'No coins.';
      const width = Math.max(...coins.map(({ amount }) => amount.length));
      const isMixed = coins.some(({ spendable }) => !spendable);
      return coins.map((coin) => {
        const watched = isMixed ? `${coin.spendable ? '' : 'watched'}`.padEnd(9) : '';
        const start = `${coin.amount.padStart(width)}  ${describeState(coin).padEnd(11)}  ${watched}`;
        const label = printable(coin.label ?? '');
        const words = start + placeOf(coin) + (label === '' ? '' : `  ${label}`);
        return fit(words, Math.max(terminal.columns, start.length + 12));
      });
    });
  },
};

function placeOf({ txid, vout }: Pick<Coin, 'txid' | 'vout'>): string {
  return `${txid}:${vout}`;
}

function describeState({
  confirmations,
  safe,
  immature,
}: Omit<Coin, 'amount'> & { immature: boolean }): string {
  if (confirmations === 0) return safe ? 'change' : 'unconfirmed';
  return immature ? 'immature' : `${confirmations} deep`;
}
