import { userInfo } from 'node:os';
import { inShell } from './inShell.ts';

/** The command, for root, that gives a folder and what is in it to whoever runs this. */
export function chownCommand(folder: string): string {
  return `chown -R ${userName()}: ${inShell(folder)}`;
}

/** A user of a container may have a number alone. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'USER');
  }
}
