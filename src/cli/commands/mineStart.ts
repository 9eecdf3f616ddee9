import { type Command, optionalText } from '../command.ts';
import { answerMining, type MiningAnswer } from '../describeMining.ts';
import { wholeNumber } from '../wholeNumber.ts';

export const mineStart: Command = {
  usage: 'start',
  summary: 'let the running node mine',
  flags: {
    threads: { requiresArg: true, description: 'how many (default 1)' },
    'public-key': {
      requiresArg: true,
      description: 'who is paid: address or hex (default: the wallet)',
    },
  },
  examples: [
    ['indiecoin mine start', 'on one thread, for the wallet'],
    ['indiecoin mine start --threads 4', 'on four'],
  ],
  run: async (context) => {
    const threads = wholeNumber(optionalText(context, 'threads') ?? '1', '--threads', 1, 256);
    const address = optionalText(context, 'public-key');
    const params = address === undefined ? [threads] : [threads, address];
    answerMining(context.terminal, await context.node.call<MiningAnswer>('miningstart', params));
  },
};
