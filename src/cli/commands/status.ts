import { setTimeout as wait } from 'node:timers/promises';
import type { Command, Context } from '../command.ts';
import { describeStatus, type NodeStatus } from '../describeStatus.ts';

const WATCH_MS = 1000;

export const status: Command = {
  usage: 'status',
  summary: 'is it working? the state of the running node on one screen',
  flags: { watch: { type: 'boolean', alias: 'w', description: 'keep looking until Ctrl-C' } },
  examples: [
    ['indiecoin status', 'one look'],
    ['indiecoin status --watch', 'renewed every second'],
    ['indiecoin status --json', 'for programs'],
  ],
  run: async (context) => {
    if (context.arguments.watch === true) return watch(context);
    const now = await context.node.call<NodeStatus>('status');
    context.terminal.answer(now, () => describeStatus(now, context.terminal));
  },
};

/** On a terminal the screen is redrawn in place; elsewhere, and as JSON, one status follows another. */
async function watch({ node, terminal }: Context): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  if (terminal.isInteractive) process.stdout.write('\x1b[2J');
  while (!stop.signal.aborted) {
    const now = await node.call<NodeStatus>('status');
    if (terminal.isJson) process.stdout.write(`${JSON.stringify(now)}\n`);
    else {
      // Home, and every line cleared to its end: no flicker, as clearing the screen first would make.
      const lines = [...describeStatus(now, terminal), '', terminal.dim('Ctrl-C to leave')];
      if (terminal.isInteractive)
        process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
      else process.stdout.write(`${lines.slice(0, -2).join('\n')}\n\n`);
    }
    await wait(WATCH_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}
