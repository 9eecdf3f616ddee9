import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkAddresses } from '../node/checkAddresses.ts';
import { createLog, type Logger, type NodeLog } from '../node/log.ts';
import { type Node, openNode } from '../node/node.ts';
import { BLOCKS_FOLDER } from '../store/blockStore.ts';
import { CHAIN_FOLDER } from '../store/chainStore.ts';
import type { Context } from './command.ts';
import { announceWarnings } from './describeSeed.ts';
import { EXIT } from './exitCodes.ts';
import { introduce } from './introduction.ts';
import { LiveLine } from './liveLine.ts';
import { followProgress, type Watched } from './nodeProgress.ts';
import { writeSettings } from './settingsInForce.ts';
import { canRewrite, hasColor } from './terminal.ts';
import { VERSION } from './version.ts';

/** Runs a node until it is told to stop, by a signal or through the RPC. */
export async function runNode(context: Context): Promise<void> {
  const { config } = context;
  checkAddresses(config);
  const watched = watch(context);
  const nodeLog = createLog({
    levels: config.logLevel,
    isQuiet: !config.isLogLevelGiven,
    hasColor: hasColor(process.stderr, process.env),
    ...(watched && { write: (text: string) => watched.line.print(text) }),
  });
  try {
    await runLogged(context, nodeLog, watched);
  } catch (error) {
    // The terminal is told by whoever called.
    nodeLog.record(`ended: ${(error as Error).message}`);
    throw error;
  } finally {
    nodeLog.close();
  }
}

async function runLogged(
  { config, settings, terminal }: Context,
  { log, openFile }: NodeLog,
  watched: Watched | undefined,
): Promise<void> {
  const { dataDir } = config;
  const isFirst = ![CHAIN_FOLDER, BLOCKS_FOLDER].some((folder) => existsSync(join(dataDir, folder)));
  const interrupted = nextSignal(log);
  const node = await openUnless(interrupted, (signal) =>
    openNode(config, log, VERSION, { onOwned: () => openFile(dataDir), signal }),
  );
  if (node === undefined) {
    log.info('stopped before the reindex was done: --reindex begins it anew');
    return;
  }
  writeSettings(dataDir, settings);
  introduce(node, config, terminal, isFirst);
  const unfollow = followProgress(node.services, log, watched);
  for (const warning of announceWarnings(config)) log.warn(warning);
  const ended = await Promise.race([node.stopped, interrupted]);
  unfollow();
  log.info('stopping');
  await node.close();
  log.info({ height: node.services.chain.tip.height }, 'stopped');
  if (ended instanceof Error) throw ended;
}

/** Undefined when it was interrupted in something that would have taken long. */
async function openUnless(
  interrupted: Promise<undefined>,
  open: (signal: AbortSignal) => Promise<Node>,
): Promise<Node | undefined> {
  const stop = new AbortController();
  void interrupted.then(() => stop.abort());
  try {
    return await open(stop.signal);
  } catch (error) {
    if (error === stop.signal.reason) return undefined;
    throw error;
  }
}

/** The last line of the terminal, where somebody watches both the answers and the log. */
function watch({ terminal }: Context): Watched | undefined {
  if (terminal.isJson || !canRewrite(process.stderr, process.env)) return undefined;
  const line = new LiveLine(process.stderr);
  process.stderr.on('resize', () => line.redraw());
  return { line, hasUnicode: terminal.hasUnicode };
}

/** The first Ctrl-C, or a stop by the system. A second one does not wait for an orderly end. */
function nextSignal(log: Logger): Promise<undefined> {
  return new Promise((resolve) => {
    let isSecond = false;
    const onSignal = (name: NodeJS.Signals) => {
      if (isSecond) {
        log.warn('stopped at once; the next start continues from the last commit');
        process.exit(EXIT.failure);
      }
      isSecond = true;
      log.info({ signal: name }, 'asked to stop');
      resolve(undefined);
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  });
}
