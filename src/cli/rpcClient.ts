import { request } from 'node:http';
import { isReindexUnfinished } from '../chain/reindex.ts';
import { readCookie, readRpcAddress } from '../rpc/cookie.ts';
import { RPC_ERROR } from '../rpc/rpcError.ts';
import { CliError } from './cliError.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { located } from './location.ts';
import { withNextStep } from './nextStep.ts';
import { isSeedFolder } from './settingsInForce.ts';

const TELL_OF_WAIT_MS = 10_000;

/** The node of a data directory, asked through its RPC. */
export type RpcClient = Readonly<{
  /** @throws CliError when no node runs, or when it says no */
  call: <T>(
    method: string,
    params?: readonly unknown[] | Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ) => Promise<T>;
  /** Whether there is a node that answers. */
  isRunning: () => Promise<boolean>;
}>;

/** A refusal with the code that the node gave. */
export class RefusedError extends CliError {
  readonly rpcCode: number;

  constructor(rpcCode: number, message: string) {
    super(exitCodeOf(rpcCode), message);
    this.rpcCode = rpcCode;
  }
}

/** There is a node, and it does not answer yet. */
class StartingError extends CliError {
  constructor(message: string) {
    super(EXIT.notRunning, `The node is still starting, try again in a moment: ${message}`);
  }
}

type Answer = { result: unknown; error: { code: number; message: string } | null };

export function rpcClient(dataDir: string): RpcClient {
  const call = async <T>(method: string, params: unknown = [], signal?: AbortSignal): Promise<T> => {
    const address = readRpcAddress(dataDir);
    const cookie = readCookie(dataDir);
    if (address === undefined || cookie === undefined) throw notRunning(dataDir);
    const body = JSON.stringify({ jsonrpc: '1.0', id: 'cli', method, params });
    const waiting = signal === undefined ? setTimeout(tellOfWait, TELL_OF_WAIT_MS) : undefined;
    const { status, text } = await post(address, cookie, body, signal)
      .catch((error: NodeJS.ErrnoException) => {
        // Left behind by a node that was killed, or one that is just ending.
        if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') throw notRunning(dataDir);
        throw error;
      })
      .finally(() => clearTimeout(waiting));
    if (status === 401) throw notRunning(dataDir);
    const { result, error } = parseAnswer(status, text);
    if (error?.code === RPC_ERROR.inWarmup) throw new StartingError(error.message);
    // Bitcoin Core begins some of its messages like this; ours say who speaks.
    if (error !== null)
      throw new RefusedError(error.code, withNextStep(error.message.replace(/^Error: /, '')));
    return result as T;
  };
  const isRunning = async () => {
    try {
      await call('uptime');
      return true;
    } catch (error) {
      if (error instanceof RefusedError || error instanceof StartingError) return true;
      if (error instanceof CliError && error.exitCode === EXIT.notRunning) return false;
      throw error;
    }
  };
  return { call, isRunning };
}

/** To a person: a script has its own patience. */
function tellOfWait(): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(
    'The node has not answered yet: it is busy, or was suspended. Ctrl-C ends the wait.\n',
  );
}

function notRunning(dataDir: string): CliError {
  const bySystem = isSeedFolder(dataDir) ? ' Where systemd runs it: `systemctl start indiecoin-seed`.' : '';
  const message = isReindexUnfinished(dataDir)
    ? `No node answers on ${dataDir} yet: its databases are being made anew. If it was cut short, \`indiecoin node\` begins that again.`
    : `No node is running on ${dataDir}. \`indiecoin node\` starts it.${bySystem}`;
  return new CliError(EXIT.notRunning, located(message));
}

function exitCodeOf(rpcCode: number): ExitCode {
  switch (rpcCode) {
    case RPC_ERROR.walletLocked:
    case RPC_ERROR.wrongPassphrase:
      return EXIT.locked;
    case RPC_ERROR.internal:
      return EXIT.failure;
    default:
      return EXIT.refused;
  }
}

function parseAnswer(status: number, text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch (error) {
    throw new CliError(EXIT.failure, `The node answered ${status} without JSON: ${text.slice(0, 200)}`, {
      cause: error,
    });
  }
}

/** node:http, because fetch gives up after five minutes, and generating blocks may take longer. */
function post(
  address: string,
  cookie: string,
  body: string,
  signal: AbortSignal | undefined,
): Promise<{ status: number; text: string }> {
  const headers = {
    authorization: `Basic ${Buffer.from(cookie).toString('base64')}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  // A node that listens on every address is asked on the loopback one.
  const url = `http://${address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')}/`;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', headers, agent: false, ...(signal && { signal }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
