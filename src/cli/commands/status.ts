import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../cliError.ts';
import { type Command, type Context, optionalText } from '../command.ts';
import { describeStatus, type NodeStatus } from '../describeStatus.ts';
import { EXIT } from '../exitCodes.ts';
import { RateMeter } from '../rateMeter.ts';
import type { RpcClient } from '../rpcClient.ts';
import { watchAsLines, watchOnScreen } from '../watch/watchStatus.ts';
import { wholeNumber } from '../wholeNumber.ts';

/** Between two looks that tell how fast a node catches up. */
const RATE_MS = 1100;
const MAX_EVERY_SEC = 86_400;
const ANSWER_MS = 10_000;

export const status: Command = {
  usage: 'status',
  summary: 'is it working? the state of the running node on one screen',
  flags: {
    watch: {
      type: 'boolean',
      alias: 'w',
      description: 'keep looking, with peers, last blocks and graphs, until q or Ctrl-C',
    },
    every: {
      requiresArg: true,
      description: 'seconds between two looks (default 1; 10 where the answer goes to a file)',
    },
  },
  examples: [
    ['indiecoin status', 'one look'],
    ['indiecoin status --watch', 'renewed every second'],
    ['indiecoin status --watch --every 60 >> status.txt', 'a diary'],
    ['indiecoin status --watch --json', 'for programs: one status a line'],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const everyMs = everyMsOf(context);
    if (context.arguments.watch === true)
      return terminal.isInteractive ? watchOnScreen(context, everyMs) : watchAsLines(context, everyMs);
    const now = await ask(node);
    const rate = terminal.isInteractive && now.state === 'syncing' ? await measure(context, now) : undefined;
    terminal.answer(now, () => describeStatus(rate?.now ?? now, terminal, rate?.perSecond));
  },
};

function everyMsOf(context: Context): number {
  const { isJson, isInteractive } = context.terminal;
  const text = optionalText(context, 'every') ?? (isJson || isInteractive ? '1' : '10');
  return 1000 * wholeNumber(text, '--every', 1, MAX_EVERY_SEC);
}

/** @throws CliError also when a node that is there does not answer */
async function ask(node: RpcClient): Promise<NodeStatus> {
  return node.call<NodeStatus>('status', [], AbortSignal.timeout(ANSWER_MS)).catch((error: Error) => {
    if (error.name !== 'TimeoutError' && error.name !== 'AbortError') throw error;
    const advice =
      'It is very busy, or hangs: `indiecoin doctor`, and indiecoin.log in its data directory, may say why.';
    throw new CliError(EXIT.failure, `The node does not answer within ${ANSWER_MS / 1000} s. ${advice}`);
  });
}

/** A person wants to know how long it still takes: for that a second look is needed. */
async function measure(
  { node }: Context,
  before: NodeStatus,
): Promise<{ now: NodeStatus; perSecond: number | undefined }> {
  const meter = new RateMeter();
  meter.add(before.height, performance.now());
  await wait(RATE_MS);
  const now = await ask(node);
  meter.add(now.height, performance.now());
  return { now, perSecond: meter.perSecond };
}
