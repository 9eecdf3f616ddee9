import type { Command } from './command.ts';
import { COMMANDS, GROUPS } from './commands.ts';
import { LOCATING } from './settingFlags.ts';

export function nameOf({ usage }: Command): string {
  return usage.split(' ')[0]!;
}

export function namesIn(group: string): string[] {
  return (GROUPS.find(({ name }) => name === group)?.commands ?? []).map(nameOf);
}

/** The command words that a line begins with: a command, a group, or a group and its command. */
export function commandPath(words: readonly string[]): string[] {
  const [first, second] = plainWords(words);
  if (first === undefined) return [];
  if (COMMANDS.some((command) => nameOf(command) === first)) return [first];
  if (!GROUPS.some(({ name }) => name === first)) return [];
  return second !== undefined && namesIn(first).includes(second) ? [first, second] : [first];
}

/** Without the flags and their values. */
export function plainWords(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('-') && !takesValue(words[i - 1]));
}

/** Whether the word behind this one is its value, and not a command. */
function takesValue(word: string | undefined): boolean {
  if (word === undefined || !word.startsWith('--') || word.includes('=')) return false;
  const name = word.slice(2);
  const flags = [...COMMANDS, ...GROUPS.flatMap(({ commands }) => commands)].map(
    (command) => command.flags?.[name],
  );
  return LOCATING.some((known) => known === name) || flags.some((flag) => flag?.requiresArg === true);
}

export function findCommand([first, second]: readonly string[]): Command | undefined {
  if (first === undefined) return undefined;
  if (second === undefined) return COMMANDS.find((command) => nameOf(command) === first);
  return GROUPS.find(({ name }) => name === first)?.commands.find((command) => nameOf(command) === second);
}
