import { usageError } from '../cliError.ts';
import { type Command, optionalText } from '../command.ts';
import { runDevnet } from '../devnet/runDevnet.ts';
import { interruption } from '../offlineChain.ts';
import { wholeNumber } from '../wholeNumber.ts';

const DEFAULT_NODES = '3';
const MAX_NODES = 20;

export const devnet: Command = {
  usage: 'devnet',
  summary: 'a whole network on this machine to play with: a seed, peers and a miner, gone after Ctrl-C',
  flags: {
    nodes: {
      requiresArg: true,
      description: `how many beside the seed, one of them the miner (default ${DEFAULT_NODES})`,
    },
    blocks: {
      requiresArg: true,
      description: 'end by itself when the chain is this high; it begins with 101',
    },
  },
  examples: [
    ['indiecoin devnet', 'a seed, a miner and two peers'],
    ['indiecoin devnet --nodes 6', 'a larger one'],
    ['indiecoin devnet --json', 'one event a line, for programs'],
  ],
  run: async (context) => {
    const nodes = wholeNumber(optionalText(context, 'nodes') ?? DEFAULT_NODES, '--nodes', 1, MAX_NODES);
    const blocks = optionalText(context, 'blocks');
    const untilHeight = blocks === undefined ? undefined : wholeNumber(blocks, '--blocks', 1, 1_000_000);
    const { arguments: given } = context;
    const isElsewhere = given.network !== undefined && given.network !== 'regtest';
    if (isElsewhere || given['data-dir'] !== undefined || given.config !== undefined)
      throw usageError(
        'A devnet is always on regtest, in a folder that goes with it: it takes no --network, --data-dir or --config.',
      );
    await runDevnet({ nodes, untilHeight, terminal: context.terminal, signal: interruption() });
  },
};
