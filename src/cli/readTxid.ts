import { usageError } from './cliError.ts';

/** @throws CliError */
export function readTxid(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw usageError(`"${text}" is not a txid of 64 hex digits.`);
  return text.toLowerCase();
}
