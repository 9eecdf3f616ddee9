import { type Command, optionalText } from '../command.ts';
import { Progress } from '../progress.ts';
import { wholeNumber } from '../wholeNumber.ts';

/** How often the node is asked how far it is. */
const ASK_EVERY_MS = 500;

/** A rescan tells its share of the chain. */
const PARTS = 1000;

type Info = { scanning: false | { duration: number; progress: number } };
type Balance = { confirmed: string; height: number };

export const walletRescan: Command = {
  usage: 'rescan',
  summary: 'count your coins again from the chain',
  flags: { from: { requiresArg: true, description: 'a height: look from this block on (default 0)' } },
  examples: [
    ['indiecoin wallet rescan', 'through the whole chain'],
    ['indiecoin wallet rescan --from 1000', 'where no key of yours can have been paid before'],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const from = wholeNumber(optionalText(context, 'from') ?? '0', '--from', 0, 2 ** 31 - 1);
    const progress = new Progress(terminal, 'Reading', PARTS, 'per mille');
    const asking = setInterval(() => {
      void node.call<Info>('getwalletinfo').then(
        ({ scanning }) => {
          if (scanning !== false) progress.update(Math.floor(scanning.progress * PARTS));
        },
        () => undefined,
      );
    }, ASK_EVERY_MS);
    try {
      const read = await node.call<{ start_height: number; stop_height: number }>('rescanblockchain', [from]);
      progress.stop();
      const { confirmed } = await node.call<Balance>('walletbalance');
      terminal.answer(
        { ...read, confirmed },
        () => `Read up to height ${read.stop_height}: ${confirmed} coins.`,
      );
    } finally {
      clearInterval(asking);
      progress.stop();
    }
  },
};
