import type { Options } from 'yargs';
import { loadVerifyEngine, type VerifyEngine } from '../../crypto/verifyEngine.ts';
import { type Detail, type Explanation, isBroken } from '../../explain/explanation.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Context, optionalText } from '../command.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { toJson } from './json.ts';
import { readHex } from './readHex.ts';
import { showExplanation } from './showExplanation.ts';
import { verdictOf } from './showRules.ts';

/** What is folded in a long block or transaction, and what --full shows: bounded as well, as the bytes may be anybody's. */
const FOLDED: Detail = { maxFields: 120, maxReports: 1 };
const FULL: Detail = { maxFields: 50_000, maxReports: 50 };

export const EXPLAIN_FLAGS: Readonly<Record<string, Options>> = {
  hex: {
    type: 'string',
    requiresArg: true,
    description: 'instead of an id, the hex in this file; - for what is piped in',
  },
  full: { type: 'boolean', description: 'all bytes, and nothing folded' },
};

/** What was asked for. */
export type Asked = Readonly<{ id: string } | { bytes: Uint8Array }>;

/** What there is to explain, with its name, once it has been found. */
export type Found = Readonly<{
  title: string;
  /** What to type for more. */
  hint: string;
  explain: (engine: VerifyEngine, detail: Detail) => Explanation;
}>;

/** The id, or the bytes from a file or from what is piped in. @throws CliError */
export async function readAsked(context: Context, what: string): Promise<Asked> {
  const id = optionalText(context, 'id');
  const path = optionalText(context, 'hex');
  if (id !== undefined && path !== undefined) throw usageError('Either an id or --hex, not both.');
  if (path !== undefined) return { bytes: await readHex(path, context.terminal) };
  // yargs makes nothing of a lone dash.
  if (id !== undefined && id !== '') return { id };
  throw usageError(
    `Which ${what}? Its id, or --hex FILE (--hex - for what is piped in). \`indiecoin explain ${what} bitcoin-170\` works without a node.`,
  );
}

/** Shows it. @returns `refused` when it breaks a rule */
export async function answerExplanation(context: Context, found: Found): Promise<ExitCode> {
  const { terminal } = context;
  const isFull = context.arguments.full === true;
  const explanation = found.explain(await loadVerifyEngine(), isFull ? FULL : FOLDED);
  terminal.answer(toJson(explanation, verdictOf(explanation)), () =>
    showExplanation(explanation, terminal, { title: found.title, hint: found.hint, isFull }),
  );
  return isBroken(explanation) ? EXIT.refused : EXIT.ok;
}

/** What a node was asked for; where none runs, how to go on without one is said, too. */
export async function withNode<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.notRunning) throw error;
    const hint = `Without a node there is an example: \`indiecoin explain ${what} bitcoin-170\`.`;
    throw new CliError(EXIT.notRunning, `${error.message}. ${hint}`, { cause: error });
  }
}
