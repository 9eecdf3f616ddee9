import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadVerifyEngine } from '../../crypto/verifyEngine.ts';
import { IDENTITY_FILE, readIdentity } from '../../network/identity.ts';
import type { NodeConfig } from '../../node/config.ts';
import { CHAIN_FOLDER } from '../../store/chainStore.ts';
import { DiskSpace } from '../../store/diskSpace.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { chownCommand } from '../ownership.ts';
import { VERSION } from '../version.ts';
import { type Finding, fail, ok, skip, warn } from './finding.ts';

const OLDEST_NODE = [20, 20] as const;
/** Whoever reads one of these has the node's name, its coins, or its command. */
const SECRETS = [IDENTITY_FILE, 'wallet.json', 'wallet.key', '.cookie'];
/** In a data directory, and not the node's to write: what its owner has set, and what a file system keeps for itself. */
const NOT_OURS = ['indiecoin.toml', 'lost+found'];

/** What can be seen without the network: the program, the disk, the files. */
export async function checkMachine(config: NodeConfig): Promise<Finding[]> {
  const { dataDir } = config;
  return [
    checkProgram(),
    await checkEngine(),
    await checkFolder(dataDir),
    await checkDisk(config),
    await checkIdentity(dataDir),
    await checkSecrets(dataDir),
    ...checkWallet(dataDir),
  ];
}

function checkProgram(): Finding {
  const found = `indiecoin ${VERSION}, Node.js ${process.versions.node} on ${process.platform} ${process.arch}`;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (isOld) return fail('program', found, `Install Node.js ${OLDEST_NODE.join('.')} or newer.`);
  return ok('program', found);
}

async function checkEngine(): Promise<Finding> {
  const { name } = await loadVerifyEngine();
  if (name === 'native') return ok('signatures', 'verified by the native engine');
  return warn(
    'signatures',
    'verified by the fallback engine, at a third of the speed',
    'Nothing is wrong with it; on common platforms `npm ci` brings the native one.',
  );
}

async function checkFolder(dataDir: string): Promise<Finding> {
  const folder = await nearestFolder(dataDir);
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const advice =
      folder === dataDir
        ? ownerAdvice(dataDir)
        : `It is to hold ${dataDir}. As root, make that: install -d -o USER -m 700 ${dataDir}`;
    return fail('data', `${folder} cannot be read and written by this user (${reason})`, advice);
  }
  if (folder !== dataDir) return ok('data', `${dataDir} will be made at the first start`);
  const [first, ...others] = await refusedIn(dataDir);
  if (first === undefined) return ok('data', dataDir);
  const more = others.length === 0 ? '' : `, nor ${others.length} more in ${dataDir}`;
  return fail('data', `${first} cannot be read and written by this user${more}`, ownerAdvice(dataDir));
}

/** What is not for this user to use, of the files and folders of a data directory: somebody else made it. */
async function refusedIn(folder: string, isOutermost = true): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !isOutermost || !NOT_OURS.includes(name));
  const refused = names.sort().map(async (name): Promise<string[]> => {
    const path = join(folder, name);
    // Gone meanwhile: a node runs.
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return [];
    const isFolder = stats.isDirectory();
    // What its owner has made read-only is meant to be.
    const isOwn = process.getuid === undefined || stats.uid === process.getuid();
    const mode = isFolder ? constants.W_OK | constants.X_OK : isOwn ? 0 : constants.W_OK;
    const isRefused = await access(path, constants.R_OK | mode).then(
      () => false,
      ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT',
    );
    if (isRefused) return [path];
    return isFolder && isOutermost ? refusedIn(path, false) : [];
  });
  return (await Promise.all(refused)).flat();
}

function ownerAdvice(dataDir: string): string {
  return `Run this as the user that the node runs as. If that is this one, let it have all of it: ${chownCommand(dataDir)}`;
}

/** The folder itself, or the one in which it would be made. */
async function nearestFolder(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  );
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path));
}

async function checkDisk({ dataDir, minFreeSpaceMb }: NodeConfig): Promise<Finding> {
  if (minFreeSpaceMb === 0) return skip('disk', 'not watched: --min-free-space is 0');
  const advice = 'Make room, or keep fewer blocks: --prune 1000 keeps the newest 1,000 MB.';
  const space = new DiskSpace(await nearestFolder(dataDir), minFreeSpaceMb);
  try {
    await space.look();
  } catch (error) {
    return fail('disk', (error as Error).message, advice);
  }
  const warning = space.warning();
  if (warning !== undefined) return warn('disk', warning, advice);
  return ok('disk', `${((space.freeBytes ?? 0) / 1e9).toFixed(1)} GB free`);
}

async function checkIdentity(dataDir: string): Promise<Finding> {
  const path = join(dataDir, IDENTITY_FILE);
  try {
    const key = await readIdentity(dataDir);
    if (key !== undefined) return ok('identity', `${path}, back it up`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      return fail('identity', `${path} is not for this user to read`, ownerAdvice(dataDir));
    return fail('identity', (error as Error).message, `With a copy: cp COPY ${path} && chmod 600 ${path}`);
  }
  const hasChain = await stat(join(dataDir, CHAIN_FOLDER)).then(
    () => true,
    () => false,
  );
  if (!hasChain) return ok('identity', 'will be made at the first start');
  return warn(
    'identity',
    `${path} is missing, and the node has run before: the next start gives it another peer id`,
    `Those who know the old one will not find it. With a copy: cp COPY ${path} && chmod 600 ${path}`,
  );
}

/** Whoever has no wallet misses none. */
function checkWallet(dataDir: string): Finding[] {
  const lost = WalletKeys.lost(dataDir);
  return lost === undefined
    ? []
    : [warn('wallet', lost, 'Its coins are not lost while its words are known.')];
}

async function checkSecrets(dataDir: string): Promise<Finding> {
  if (process.platform === 'win32') return skip('permissions', 'are not the same on Windows');
  const open: string[] = [];
  let count = 0;
  for (const path of SECRETS.map((name) => join(dataDir, name))) {
    const mode = await stat(path).then(
      (stats) => stats.mode,
      () => undefined,
    );
    if (mode === undefined) continue;
    count++;
    if ((mode & 0o077) !== 0) open.push(path);
  }
  if (count === 0) return ok('permissions', 'there are no secret files yet');
  if (open.length === 0) {
    const files = count === 1 ? '1 secret file, readable by its' : `${count} secret files, readable by their`;
    return ok('permissions', `${files} owner alone`);
  }
  return warn(
    'permissions',
    `others on this machine can read ${open.join(', ')}`,
    `chmod 600 ${open.join(' ')}`,
  );
}
