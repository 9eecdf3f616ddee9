import { measureHashRate } from '../../mining/measureHashRate.ts';
import { DEFAULT_MINING_THREADS, MAX_MINING_THREADS } from '../../mining/miningThreads.ts';
import { type Command, optionalText } from '../command.ts';
import { formatHashRate, kernelNote } from '../describeMining.ts';
import { wholeNumber } from '../wholeNumber.ts';

const MEASURED_MS = 4000;

export const mineBenchmark: Command = {
  usage: 'benchmark',
  summary: 'how fast this machine could mine; needs no running node',
  flags: {
    threads: { requiresArg: true, description: 'how many (default: one less than there are processors)' },
  },
  examples: [
    ['indiecoin mine benchmark', 'takes five seconds'],
    ['indiecoin mine benchmark --threads 1 --json', 'hashesPerSecond, threads, kernel'],
  ],
  run: async (context) => {
    const text = optionalText(context, 'threads') ?? String(DEFAULT_MINING_THREADS);
    const threads = wholeNumber(text, '--threads', 1, MAX_MINING_THREADS);
    const rate = await measureHashRate(threads, MEASURED_MS);
    context.terminal.answer(rate, () => {
      const speed = formatHashRate(rate.hashesPerSecond);
      return `${speed} on ${threads} ${threads === 1 ? 'thread' : 'threads'}${kernelNote(rate.kernel)}`;
    });
  },
};
