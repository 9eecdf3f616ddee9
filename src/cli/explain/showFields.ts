import { bytesToHex } from '../../bytes/hex.ts';
import type { Field } from '../../explain/field.ts';
import { plural } from '../../explain/words.ts';
import type { Page } from './page.ts';

/** Bytes that are shown beside a field; of longer ones half as many, and how many are left out. */
const SHOWN_BYTES = 8;
const BYTES_A_LINE = 32;
const OFFSET_COLUMNS = 7;
const TEXT_COLUMN = OFFSET_COLUMNS + 2 + 2 * SHOWN_BYTES + 2;

/** Every field with its offset, its bytes, and what they mean. */
export function showFields(page: Page, fields: readonly Field[], isFull: boolean): void {
  for (const field of fields) showField(page, field, isFull, 0);
}

function showField(page: Page, field: Field, isFull: boolean, depth: number): void {
  const { terminal } = page;
  const { name, parts, bytes, value, meaning } = field;
  if (parts !== undefined) {
    const title = `${name}, ${plural(bytes.length, 'byte')}`;
    const isTop = depth === 0;
    if (isTop) page.blank();
    page.lines.push(' '.repeat(2 * depth) + terminal.bold(title));
    if (meaning !== undefined) page.text(meaning, 2 * depth + 2);
    if (value !== undefined) page.text(value, 2 * depth + 2);
    for (const part of parts) showField(page, part, isFull, depth + 1);
    return;
  }
  const offset = String(field.offset).padStart(OFFSET_COLUMNS);
  const label = `${offset}  ${terminal.style('yellow', shownHex(bytes).padEnd(2 * SHOWN_BYTES))}`;
  const visible = `${offset}  ${shownHex(bytes).padEnd(2 * SHOWN_BYTES)}`;
  showWords(page, label, visible, field);
  if (isFull && bytes.length > SHOWN_BYTES) showBytes(page, bytes);
}

function showWords(page: Page, label: string, visible: string, { name, value, meaning }: Field): void {
  const room = page.columns - TEXT_COLUMN;
  const isLong = value !== undefined && name.length + 2 + value.length > room;
  const text = [name, isLong ? undefined : value].filter(Boolean).join(': ');
  const [first, ...rest] = pack(page, text, meaning, room);
  page.lines.push(`${label}${' '.repeat(TEXT_COLUMN - visible.length)}${first}`.trimEnd());
  for (const line of rest) page.beside('', line, TEXT_COLUMN, (one) => page.terminal.dim(one));
  if (isLong) page.beside('', value, OFFSET_COLUMNS + 2);
}

/** Name and value on the first line, the meaning behind them if there is room, else below. */
function pack(page: Page, text: string, meaning: string | undefined, room: number): string[] {
  const { terminal } = page;
  if (meaning === undefined) return [text];
  if (text.length + 2 + meaning.length <= room) return [`${text}  ${terminal.dim(meaning)}`];
  const lines: string[] = [];
  let line = '';
  for (const word of meaning.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [text, ...lines, line];
}

function shownHex(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_BYTES) return bytesToHex(bytes);
  const shown = SHOWN_BYTES / 2;
  return `${bytesToHex(bytes.subarray(0, shown))}… +${bytes.length - shown}`;
}

function showBytes(page: Page, bytes: Uint8Array): void {
  const perLine = Math.max(8, Math.min(BYTES_A_LINE, Math.floor((page.columns - OFFSET_COLUMNS - 2) / 2)));
  for (let at = 0; at < bytes.length; at += perLine) {
    const hex = bytesToHex(bytes.subarray(at, at + perLine));
    page.lines.push(' '.repeat(OFFSET_COLUMNS + 2) + page.terminal.style('yellow', hex));
  }
}
