import { sep } from 'node:path';
import { isSeedFolder } from './settingsInForce.ts';

/** The flags that choose the node of this run, see locatingFlags. */
let location = '';
let dataDirOfRun: string | undefined;

export function setLocation(flags: string): void {
  location = flags;
}

export function setDataDir(dataDir: string): void {
  dataDirOfRun = dataDir;
}

/** The data directory of this run, if the path is it or in it. */
export function dataDirAround(path: string): string | undefined {
  const isIn = dataDirOfRun !== undefined && (path === dataDirOfRun || path.startsWith(dataDirOfRun + sep));
  return isIn ? dataDirOfRun : undefined;
}

/**
 * The text, with those flags in each command that it names: typed as it stands, it is to reach the same node, and to start
 * a seed where that is one.
 */
export function located(text: string): string {
  const isSeed = dataDirOfRun !== undefined && isSeedFolder(dataDirOfRun);
  return text.replace(/`(indiecoin [^`]+)`/g, (whole, command: string) => {
    const isWhole = / --(network|data-dir|config|help|version)\b/.test(command);
    const own = isSeed ? command.replace(/^indiecoin node\b/, 'indiecoin seed') : command;
    return isWhole ? whole : `\`${own}${location}\``;
  });
}
