#!/usr/bin/env node
import './smallHeap.ts';
import '../bytes/promiseWithResolvers.ts';
import { systemReason } from '../node/systemReason.ts';
import { diskFaultOf } from '../store/diskFault.ts';
import { toCliError } from './cliError.ts';
import { runCommandLine } from './commandLine.ts';
import { EXIT } from './exitCodes.ts';
import { located } from './location.ts';
import { Terminal } from './terminal.ts';
import { wrap } from './textWidth.ts';

/** The program. What goes wrong ends here, as one sentence on stderr (or JSON) and an exit code. */
async function main(): Promise<void> {
  const words = process.argv.slice(2);
  try {
    process.exitCode = await runCommandLine(words, process.env);
  } catch (error) {
    const { message: sentence, exitCode } = toCliError(error);
    const message = located(sentence);
    if (words.includes('--json'))
      process.stderr.write(`${JSON.stringify({ error: { message, exitCode } })}\n`);
    else process.stderr.write(`${inColumns(`indiecoin: ${message}`)}\n`);
    if (process.env.INDIECOIN_LOG_LEVEL === 'debug') process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = exitCode;
  }
}

/** Broken between words for a person; whole for a program. */
function inColumns(sentence: string): string {
  const { isTTY, columns } = process.stderr;
  return isTTY ? wrap(sentence, columns || 80).join('\n') : sentence;
}

// A reader that went away, as `| head` does, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  const why = diskFaultOf(error) ?? systemReason(error);
  const done = Terminal.whatIsDone === undefined ? '' : ` ${Terminal.whatIsDone}.`;
  process.stderr.write(`indiecoin: The answer cannot be written: ${why}.${done}\n`);
  process.exit(EXIT.diskFull);
});

// The terminal may be closed while a node runs in it, which then ends in good order.
process.stderr.on('error', () => undefined);

await main();
