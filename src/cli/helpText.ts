import type { Command } from './command.ts';
import { findCommand } from './commandPath.ts';
import { GROUPS } from './commands.ts';

const EXAMPLES: Command['examples'] = [
  ['indiecoin', 'join the main network'],
  ['indiecoin status --watch', 'in another window: is it working?'],
  ['indiecoin wallet address', 'where you can be paid'],
  ['indiecoin node --network regtest --miner', 'a network of your own, with blocks at once'],
];
const EXIT_CODES = `Exit codes:
  0 done  1 failed  2 wrong command line or setting  3 no node runs
  4 the node says no  5 data directory in use  6 files damaged  7 disk full
  8 wallet passphrase needed or wrong  9 doctor found something
The README explains settings and files.`;

/** Examples of a command, of the first of each in a group, or of the program, to be copied: no line is broken. */
export function footOfHelp(path: readonly string[]): string {
  const group = GROUPS.find(({ name }) => name === path[0]);
  const examples =
    findCommand(path)?.examples ?? group?.commands.flatMap((command) => command.examples.slice(0, 1));
  const text = (examples ?? EXAMPLES).map(([line, meaning]) => `  # ${meaning}\n  ${line}`).join('\n');
  return `Examples:\n${text}${path.length === 0 ? `\n\n${EXIT_CODES}` : ''}`;
}
