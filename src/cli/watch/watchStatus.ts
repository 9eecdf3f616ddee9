import { setTimeout as wait } from 'node:timers/promises';
import { toCliError } from '../cliError.ts';
import type { Context } from '../command.ts';
import { describeStatus, type NodeStatus } from '../describeStatus.ts';
import { FullScreen } from '../fullScreen.ts';
import { describeWatch, type WatchView } from './describeWatch.ts';
import { type Snapshot, WatchData } from './watchData.ts';
import { WatchHistory } from './watchHistory.ts';

/** Keeps looking at a node until it is told to stop, on the whole terminal. When the node goes, it waits for it. */
export async function watchOnScreen({ node, terminal }: Context, everyMs: number): Promise<void> {
  const stop = new AbortController();
  const data = new WatchData(node);
  const history = new WatchHistory();
  // Without a node there is nothing to watch: that is told as for any other command.
  let snapshot = await data.look(stop.signal);
  let trouble: string | undefined;
  const draw = () => {
    const view: WatchView = { snapshot, history, trouble, nowSec: Math.floor(Date.now() / 1000) };
    const { columns, rows, hasUnicode } = terminal;
    const lines = describeWatch(view, { columns, rows, hasUnicode });
    screen.draw(lines.map(({ text, style }) => (style === undefined ? text : terminal.style(style, text))));
  };
  const screen = new FullScreen(terminal, () => stop.abort(), draw);
  history.add(snapshot);
  screen.open();
  try {
    for (;;) {
      draw();
      await wait(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      const found = await lookAgain(data, stop.signal);
      if (stop.signal.aborted) return;
      trouble = 'trouble' in found ? found.trouble : undefined;
      if ('trouble' in found) history.addGap();
      else {
        snapshot = found;
        history.add(found);
      }
    }
  } finally {
    screen.close();
  }
}

async function lookAgain(data: WatchData, signal: AbortSignal): Promise<Snapshot | { trouble: string }> {
  try {
    return await data.look(signal);
  } catch (error) {
    return { trouble: troubleOf(error) };
  }
}

/** What keeps the node from answering, and that the watch goes on. */
function troubleOf(error: unknown): string {
  const isLate = ['TimeoutError', 'AbortError'].includes((error as Error).name);
  const why = isLate ? 'The node does not answer.' : toCliError(error).message;
  return `Waiting for the node: ${why}`;
}

/** Where nobody watches, or for a program: one status after another, as lines or as JSON, one a line. */
export async function watchAsLines({ node, terminal }: Context, everyMs: number): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  let hasAnswered = false;
  while (!stop.signal.aborted) {
    try {
      const now = await node.call<NodeStatus>('status', [], stop.signal);
      hasAnswered = true;
      if (terminal.isJson) process.stdout.write(`${JSON.stringify(now)}\n`);
      else process.stdout.write(`${describeStatus(now, terminal).join('\n')}\n\n`);
    } catch (error) {
      if (stop.signal.aborted) return;
      if (!hasAnswered) throw error;
      const { message, exitCode } = toCliError(error);
      if (terminal.isJson) process.stdout.write(`${JSON.stringify({ error: { message, exitCode } })}\n`);
      else process.stdout.write(`Waiting for the node: ${message}\n\n`);
    }
    await wait(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}
