import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

const FILE_BYTES = 4_000_000;
/** The one that is written and those before it: 20 MB in all. */
const FILES = 5;
/** Of one line; longer ones are cut. */
const MAX_LINE_BYTES = 8192;
/** Lines that wait for the file to be opened. */
const MAX_WAITING = 1000;
/** Names and addresses of peers are in it. */
const MODE = 0o600;

/**
 * A log in a file that never takes more room than `files` × `fileBytes`: `x.log` is written; when it is full it becomes
 * `x.1.log`, that one `x.2.log`, and the oldest goes. Lines written before `open` wait for it. Nothing here ever fails its
 * caller: a node outlives its log, and a full disk is told of elsewhere.
 */
export class LogFile {
  readonly #fileBytes: number;
  readonly #files: number;
  #path = '';
  #fd: number | undefined;
  #bytes = 0;
  #isClosed = false;
  #waiting: string[] = [];

  constructor({ fileBytes = FILE_BYTES, files = FILES }: { fileBytes?: number; files?: number } = {}) {
    this.#fileBytes = fileBytes;
    this.#files = files;
  }

  /** @returns why it cannot be written, if so */
  open(path: string): Error | undefined {
    this.#path = path;
    const failed = this.#append();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const line of waiting) this.write(line);
    return failed;
  }

  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#path === '') {
      if (this.#waiting.length < MAX_WAITING) this.#waiting.push(line);
      return;
    }
    const bytes = cutLine(line);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#fileBytes) this.#rotate();
    if (this.#fd === undefined) return;
    try {
      this.#bytes += writeSync(this.#fd, bytes);
    } catch {
      // A full disk: there may be room for the next line.
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #append(): Error | undefined {
    try {
      this.#fd = openSync(this.#path, 'a', MODE);
      this.#bytes = fstatSync(this.#fd).size;
      return undefined;
    } catch (error) {
      this.#fd = undefined;
      return error as Error;
    }
  }

  #rotate(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    try {
      for (let i = this.#files - 2; i >= 0; i--) moveIfThere(this.#name(i), this.#name(i + 1));
      // Where nothing can be renamed, or there is one file only, it begins anew rather than grow on.
      rmSync(this.#path, { force: true });
    } catch {
      this.#fd = undefined;
      return;
    }
    this.#append();
  }

  /** The i-th before the one that is written. */
  #name(i: number): string {
    return i === 0 ? this.#path : this.#path.replace(/(\.[^./]*)?$/, (extension) => `.${i}${extension}`);
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function cutLine(line: string): Buffer {
  const bytes = Buffer.from(line);
  if (bytes.length <= MAX_LINE_BYTES) return bytes;
  return Buffer.concat([bytes.subarray(0, MAX_LINE_BYTES - 5), Buffer.from(' …\n')]);
}
