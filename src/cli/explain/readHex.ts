import { createReadStream } from 'node:fs';
import { DecodeError } from '../../bytes/decodeError.ts';
import { hexToBytes } from '../../bytes/hex.ts';
import { printable } from '../../explain/words.ts';
import { usageError } from '../cliError.ts';
import type { Terminal } from '../terminal.ts';

/** Twice the largest block in hex, for line breaks and the like. */
const MAX_CHARACTERS = 12_000_000;

/** Bytes from hex in a file, or in what is piped in when the path is `-`. White space is skipped. @throws CliError */
export async function readHex(path: string, terminal: Terminal): Promise<Uint8Array> {
  const isInput = path === '-';
  if (isInput && process.stdin.isTTY) terminal.note('Paste the hex, then press Enter and Ctrl-D.');
  const text = await readBounded(isInput ? process.stdin : createReadStream(path), path);
  const hex = text.replace(/\s+/g, '').replace(/^0x/i, '');
  if (hex === '') throw usageError(`${nameOf(path)} is empty: there is no hex.`);
  const wrong = /[^0-9a-fA-F]/.exec(hex);
  if (wrong) {
    const shown = printable(Buffer.from(wrong[0], 'latin1'));
    throw usageError(`${nameOf(path)} is not hex: digit ${wrong.index + 1} is "${shown}".`);
  }
  try {
    return hexToBytes(hex);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw usageError(`${nameOf(path)} has ${hex.length} hex digits: two make a byte, so one is missing.`);
  }
}

async function readBounded(stream: NodeJS.ReadableStream, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(Buffer.from(chunk));
      length += chunks.at(-1)!.length;
      if (length > MAX_CHARACTERS) break;
    }
  } catch (error) {
    throw usageError(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (length > MAX_CHARACTERS) {
    throw usageError(
      `${nameOf(path)} is larger than any block: more than ${MAX_CHARACTERS / 1e6} MB of hex.`,
    );
  }
  return Buffer.concat(chunks).toString('latin1');
}

function nameOf(path: string): string {
  return path === '-' ? 'What was piped in' : path;
}
