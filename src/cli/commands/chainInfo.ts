import type { Command } from '../command.ts';
import { formatBytes } from '../describeStatus.ts';
import { table } from '../terminal.ts';

type Info = {
  chain: string;
  blocks: number;
  headers: number;
  bestblockhash: string;
  difficulty: number;
  time: number;
  mediantime: number;
  chainwork: string;
  size_on_disk: number;
  softforks: Record<string, { bip9: { status: string } }>;
};

export const chainInfo: Command = {
  usage: 'info',
  summary: 'the chain as this node has it',
  examples: [['indiecoin chain info', 'height, tip, difficulty, work']],
  run: async ({ node, terminal, config }) => {
    const info = await node.call<Info>('getblockchaininfo');
    const answer = {
      network: config.params.name,
      height: info.blocks,
      headers: info.headers,
      tip: info.bestblockhash,
      timeSec: info.time,
      difficulty: info.difficulty,
      chainWork: info.chainwork,
      blockBytes: info.size_on_disk,
      softForks: Object.fromEntries(
        Object.entries(info.softforks).map(([name, { bip9 }]) => [name, bip9.status]),
      ),
      genesis: config.params.genesisHash,
    };
    terminal.answer(answer, () =>
      table([
        ['network', answer.network],
        ['height', `${answer.height} of ${answer.headers}`],
        ['tip', answer.tip],
        ['time', new Date(answer.timeSec * 1000).toISOString()],
        ['difficulty', String(answer.difficulty)],
        ['work', answer.chainWork.replace(/^0+(?=.)/, '')],
        ['blocks', formatBytes(answer.blockBytes)],
        ...Object.entries(answer.softForks).map(([name, state]): [string, string] => [
          'soft fork',
          `${name} ${state}`,
        ]),
        ['genesis', answer.genesis],
      ]),
    );
  },
};
