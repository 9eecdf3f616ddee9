import { z } from 'zod';
import type { NodeServices } from './nodeServices.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';

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
  /** Gets what the request gave, checked and by name. */
  handle: (services: NodeServices, given: unknown) => Promise<unknown> | unknown;
}>;

/** A method whose handler gets its parameters typed by their schemas. */
export function rpcMethod<S extends ParameterShape>(method: {
  name: string;
  theme: string;
  summary: string;
  example: string;
  parameters: S;
  run: (services: NodeServices, given: z.infer<z.ZodObject<S>>) => Promise<unknown> | unknown;
}): RpcMethod {
  const schema = z.strictObject(method.parameters);
  const { run, ...record } = method;
  return {
    ...record,
    handle: (services, params) => {
      const named = nameParameters(record, params);
      const parsed = schema.safeParse(named);
      if (!parsed.success) throw wrongParameters(record, named, parsed.error.issues[0]!);
      return run(services, parsed.data as z.infer<z.ZodObject<S>>);
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
  if (!Array.isArray(params)) {
    return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
  }
  const names = Object.keys(method.parameters);
  if (params.length > names.length) throw new RpcError(RPC_ERROR.misc, usageOf(method));
  const entries = params.map((value: unknown, i) => [names[i]!, value] as const);
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
