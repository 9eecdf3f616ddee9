import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What can happen to a file. `random` gives numbers from 0 to 1. */
const DAMAGES = {
  'a flipped bit': (path, random) =>
    change(path, (bytes) => {
      bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
      return bytes;
    }),
  'flipped bytes': (path, random) =>
    change(path, (bytes) => {
      for (let n = 1 + random() * 16; n > 0; n--)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return bytes;
    }),
  'a page of zeros': (path, random) =>
    change(path, (bytes) => {
      const start = Math.floor(random() * bytes.length);
      return bytes.fill(0, start, Math.min(bytes.length, start + 4096));
    }),
  'a cut end': (path, random) =>
    change(path, (bytes) => bytes.subarray(0, Math.floor(random() * bytes.length))),
  'an empty file': (path) => writeFileSync(path, ''),
  'no file': (path) => rmSync(path),
  'something behind': (path, random) =>
    change(path, (bytes) => Buffer.concat([bytes, Buffer.alloc(1 + Math.floor(random() * 64), 0x5a)])),
} satisfies Record<string, (path: string, random: () => number) => void>;

export type Damage = keyof typeof DAMAGES;
export const DAMAGE_NAMES = Object.keys(DAMAGES) as Damage[];

export function doDamage(damage: Damage, path: string, random: () => number): void {
  (DAMAGES[damage] as (path: string, random: () => number) => void)(path, random);
}

/** All files below a folder, as paths relative to it. */
export function filesBelow(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

function change(path: string, edit: (bytes: Buffer) => Buffer): void {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return;
  writeFileSync(path, edit(bytes));
}
