import { MAX_MINING_THREADS } from '../../mining/miningThreads.ts';
import { type Command, optionalText } from '../command.ts';
import { answerMining, type MiningAnswer } from '../describeMining.ts';
import { wholeNumber } from '../wholeNumber.ts';

export const mineStart: Command = {
  usage: 'start',
  summary: 'let the running node mine',
  flags: {
    threads: { requiresArg: true, description: 'how many (default: one less than there are processors)' },
    'public-key': {
      requiresArg: true,
      description: 'who is paid: address or hex (default: the wallet)',
    },
  },
  examples: [
    ['indiecoin mine start', 'for the wallet'],
    ['indiecoin mine start --threads 4', 'on four'],
  ],
  run: async (context) => {
    const threads = optionalText(context, 'threads');
    const address = optionalText(context, 'public-key');
    const params = {
      ...(threads !== undefined && { threads: wholeNumber(threads, '--threads', 1, MAX_MINING_THREADS) }),
      ...(address !== undefined && { address }),
    };
    answerMining(context.terminal, await context.node.call<MiningAnswer>('miningstart', params));
  },
};
