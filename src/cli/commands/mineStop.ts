import type { Command } from '../command.ts';
import { answerMining, type MiningAnswer } from '../describeMining.ts';

export const mineStop: Command = {
  usage: 'stop',
  summary: 'let the running node stop mining',
  examples: [['indiecoin mine stop', 'the node itself goes on']],
  run: async ({ node, terminal }) => answerMining(terminal, await node.call<MiningAnswer>('miningstop')),
};
