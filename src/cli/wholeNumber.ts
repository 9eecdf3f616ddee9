import { usageError } from './cliError.ts';

/** Reads a whole number within bounds. @throws CliError naming it */
export function wholeNumber(text: string, name: string, least: number, most: number): number {
  if (!/^\d{1,15}$/.test(text)) throw usageError(`${name} needs a whole number, not "${text}".`);
  const value = Number(text);
  if (value < least || value > most) throw usageError(`${name} can be ${least} to ${most}, not ${text}.`);
  return value;
}
