import type { Command } from '../command.ts';
import { answerMining, type MiningAnswer } from '../describeMining.ts';

export const mineStatus: Command = {
  usage: 'status',
  summary: 'whether the node mines, how fast, and for whom',
  examples: [['indiecoin mine status', 'speed and blocks found']],
  run: async ({ node, terminal }) => answerMining(terminal, await node.call<MiningAnswer>('miningstatus')),
};
