import { existsSync } from 'node:fs';
import { IdentityError } from '../network/identityError.ts';
import { ConfigError } from '../node/configError.ts';
import { refusedPath, systemReason } from '../node/systemReason.ts';
import { diskFaultOf } from '../store/diskFault.ts';
import {
  DatabaseDamagedError,
  DatabaseForeignError,
  DatabaseInUseError,
  DiskError,
} from '../store/storeErrors.ts';
import { WalletError } from '../wallet/walletError.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { dataDirAround } from './location.ts';
import { chownCommand } from './ownership.ts';

/** Ends a command with a sentence for the person and a code for the script. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The wrong words were typed. */
export function usageError(message: string): CliError {
  return new CliError(EXIT.usage, message);
}

/** Whatever a command threw, as a sentence and a code. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  for (const link of causes(error)) {
    const code = exitCodeOf(link);
    if (code !== undefined)
      return new CliError(code, explain(link, code, (error as Error).message), { cause: error });
  }
  for (const link of causes(error)) {
    const path = refusedPath(link);
    if (path !== undefined) return new CliError(EXIT.failure, explainRefused(path, link), { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(EXIT.failure, message, { cause: error });
}

function explainRefused(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const dataDir = code === 'EACCES' || code === 'EPERM' ? dataDirAround(path) : undefined;
  const advice =
    dataDir !== undefined && existsSync(dataDir)
      ? `Run this as the user that ${dataDir} belongs to, or let this user have all of it: as root, \`${chownCommand(dataDir)}\`.`
      : '`--data-dir DIR` names another place for all that is kept.';
  return `${path} cannot be used: ${systemReason(error)}. ${advice}`;
}

function* causes(error: unknown): Generator<unknown> {
  for (let link = error; link !== undefined && link !== null; link = (link as Error).cause) yield link;
}

function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof ConfigError) return EXIT.usage;
  if (error instanceof DatabaseInUseError) return EXIT.inUse;
  if (error instanceof DatabaseDamagedError || error instanceof DatabaseForeignError) return EXIT.damaged;
  if (error instanceof IdentityError) return EXIT.damaged;
  if (error instanceof WalletError) return walletExitCode(error);
  return error instanceof DiskError || diskFaultOf(error) !== undefined ? EXIT.diskFull : undefined;
}

function walletExitCode({ code }: WalletError): ExitCode {
  if (code === 'locked' || code === 'wrong-passphrase') return EXIT.locked;
  if (code === 'bad-amount' || code === 'bad-words') return EXIT.usage;
  return code === 'damaged' ? EXIT.damaged : EXIT.refused;
}

function explain(error: unknown, code: ExitCode, message: string): string {
  if (error instanceof DatabaseDamagedError) {
    return `${message}. \`indiecoin node --reindex\` makes the database anew from the stored blocks.`;
  }
  if (code === EXIT.inUse) return `${message}. If that is a node, \`indiecoin rpc stop\` ends it.`;
  if (code === EXIT.diskFull) {
    const isFull = !/read-only|does not work/.test(message);
    return `${message}. ${isFull ? 'Make room there' : 'Mend that'} and start again: it goes on where it was.`;
  }
  return message;
}
