import { z } from 'zod';
import type { NodeServices } from './nodeServices.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';

/** Of the one call. */
export type CallContext = Readonly<{
  /** Aborts when nobody waits for the answer any more: the caller hung up, or the node ends. */
  signal: AbortSignal;
  /** The calls under way, this one included. */
  active: () => Iterable<ActiveCall>;
}>;

/** `startMs` by performance.now(). */
export type ActiveCall = Readonly<{ method: string; startMs: number }>;

/** The parameters of a method by name, in the order of their positions. */
export type ParameterShape = Readonly<Record<string, z.ZodType>>;

export type RpcMethod = Readonly<{
  name: string;
  theme: string;
  /** One sentence. */
  summary: string;
  /** A whole command line. */
  example: string;
  parameters: ParameterShape;
  /** Whether it may wait for something to happen: such calls do not keep others from running. */
  isWaiting?: boolean;
  /** Neighbours in a batch may run at the same time: each comes to the same end as if it ran after the one before. */
  overlaps?: boolean;
  /** Gets what the request gave, checked and by name. */
  handle: (services: NodeServices, given: unknown, context: CallContext) => Promise<unknown> | unknown;
}>;

/** A method whose handler gets its parameters typed by their schemas. */
export function rpcMethod<S extends ParameterShape>(method: {
  name: string;
  theme: string;
  summary: string;
  example: string;
  parameters: S;
  isWaiting?: boolean;
  overlaps?: boolean;
  run: (
    services: NodeServices,
    given: z.infer<z.ZodObject<S>>,
    context: CallContext,
  ) => Promise<unknown> | unknown;
}): RpcMethod {
  const schema = z.strictObject(method.parameters);
  const { run, ...record } = method;
  return {
    ...record,
    handle: (services, params, context) => {
      const named = nameParameters(record, params);
      const parsed = schema.safeParse(named);
      if (!parsed.success) throw wrongParameters(record, named, parsed.error.issues[0]!);
      const answer = () => run(services, parsed.data as z.infer<z.ZodObject<S>>, context);
      // Who has seen a block finds what it pays: Bitcoin Core's BlockUntilSyncedToCurrentChain.
      return method.theme === 'Wallet' ? services.chain.heard().then(answer) : answer();
    },
  };
}

/** `name hash ( verbosity )`: optional ones in parentheses, as Bitcoin's help writes it. */
export function usageOf({ name, parameters }: Pick<RpcMethod, 'name' | 'parameters'>): string {
  const words = Object.entries(parameters).map(([parameter, schema]) =>
    schema.safeParse(undefined).success ? `( ${parameter} )` : parameter,
  );
  return [name, ...words].join(' ');
}

type Named = Pick<RpcMethod, 'name' | 'parameters'>;

/** Positions become names; null stands for what is left out. */
function nameParameters(method: Named, params: unknown): Record<string, unknown> {
  if (params === undefined || params === null) return {};
  if (typeof params !== 'object')
    throw new RpcError(RPC_ERROR.invalidRequest, 'Params must be an array or object');
  if (Array.isArray(params)) return namePositions(method, params);
  // Bitcoin Core's mixed form: the first ones by their positions in `args`, others by name.
  const { args = [], ...named } = params as Record<string, unknown>;
  if (!Array.isArray(args)) throw new RpcError(RPC_ERROR.invalidParameter, 'args must be an array');
  const positional = namePositions(method, args);
  const twice = Object.keys(positional).find((name) => Object.hasOwn(named, name));
  if (twice !== undefined) {
    const message = `Parameter ${twice} specified twice both as positional and named argument`;
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  return { ...positional, ...withoutNulls(Object.entries(named)) };
}

function namePositions(method: Named, params: readonly unknown[]): Record<string, unknown> {
  const names = Object.keys(method.parameters);
  if (params.length > names.length) throw new RpcError(RPC_ERROR.misc, usageOf(method));
  return withoutNulls(params.map((value, i) => [names[i]!, value]));
}

function withoutNulls(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

function wrongParameters(method: Named, given: Record<string, unknown>, issue: z.core.$ZodIssue): RpcError {
  if (issue.code === 'unrecognized_keys') {
    return new RpcError(RPC_ERROR.invalidParameter, `Unknown named parameter ${issue.keys[0]}`);
  }
  const name = String(issue.path[0]);
  if (given[name] === undefined) return new RpcError(RPC_ERROR.misc, usageOf(method));
  const code = issue.code === 'invalid_type' ? RPC_ERROR.type : RPC_ERROR.invalidParameter;
  return new RpcError(code, `${name}: ${issue.message}`);
}
