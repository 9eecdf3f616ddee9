import { RPC_ERROR, RpcError } from './rpcError.ts';

/** Runs one method. Throws an RpcError to say no, anything else when the fault is the node's. */
export type Call = (method: string, params: unknown) => Promise<unknown>;

export type HttpAnswer = Readonly<{ status: number; body: string | undefined }>;

type Id = string | number | null;
type Failure = Readonly<{ code: number; message: string }>;
type Answer = Readonly<{
  version: 1 | 2;
  id: Id;
  isNotification: boolean;
  result?: unknown;
  error?: Failure;
}>;

/** What stands in `jsonrpc`: both of the old ones mean 1.0, as nothing does. */
const VERSIONS = ['1.0', '1.1', '2.0'];
/** More calls in one batch would hold the node for longer than others should wait. */
export const MAX_BATCH = 10_000;
/** Calls of a batch that run at the same time, where their order does not matter. */
const MAX_AT_ONCE = 250;

/**
 * Answers the text of one HTTP request: a JSON-RPC call or a batch of them, 1.0 and 2.0 as Bitcoin Core speaks both
 * (doc/JSON-RPC-interface.md): errors of 1.0 have an HTTP status of their own, answers of 2.0 are always 200. The calls of
 * a batch run one after the other, but for neighbours of a method that `overlaps` with itself.
 */
export async function answerJsonRpc(
  text: string,
  call: Call,
  overlaps: (method: string) => boolean = () => false,
): Promise<HttpAnswer> {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return single(refuse(RPC_ERROR.parse, 'Parse error'));
  }
  if (!Array.isArray(request)) return single(await answer(request, call));
  if (request.length === 0 || request.length > MAX_BATCH) {
    return single(refuse(RPC_ERROR.invalidRequest, `A batch has 1 to ${MAX_BATCH} calls`));
  }
  const bodies: string[] = [];
  for (const group of inGroups(request, overlaps)) {
    const answers = await Promise.all(group.map((one) => answer(one, call)));
    for (const answered of answers) if (!answered.isNotification) bodies.push(write(answered));
  }
  return bodies.length === 0
    ? { status: 204, body: undefined }
    : { status: 200, body: `[${bodies.join(',')}]` };
}

/** The calls of a batch in order, those that may run at the same time together. */
function* inGroups(
  requests: readonly unknown[],
  overlaps: (method: string) => boolean,
): Generator<unknown[]> {
  let group: unknown[] = [];
  let method: string | undefined;
  for (const request of requests) {
    const next = methodOf(request);
    const joins = group.length < MAX_AT_ONCE && next !== undefined && next === method && overlaps(next);
    if (group.length > 0 && !joins) {
      yield group;
      group = [];
    }
    group.push(request);
    method = next;
  }
  if (group.length > 0) yield group;
}

function methodOf(request: unknown): string | undefined {
  const method: unknown = (request as { method?: unknown } | null)?.method;
  return typeof method === 'string' ? method : undefined;
}

async function answer(request: unknown, call: Call): Promise<Answer> {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return refuse(RPC_ERROR.invalidRequest, 'Invalid Request object');
  }
  const { jsonrpc, method, params, id } = request as Record<string, unknown>;
  if (jsonrpc !== undefined && typeof jsonrpc !== 'string')
    return refuse(RPC_ERROR.invalidRequest, 'jsonrpc field must be a string');
  if (jsonrpc !== undefined && !VERSIONS.includes(jsonrpc))
    return refuse(RPC_ERROR.invalidRequest, 'JSON-RPC version not supported');
  const version = jsonrpc === '2.0' ? 2 : 1;
  const base = {
    version,
    id: isId(id) ? id : null,
    isNotification: version === 2 && id === undefined,
  } as const;
  if (typeof method !== 'string') {
    return { ...base, error: { code: RPC_ERROR.invalidRequest, message: 'Method must be a string' } };
  }
  try {
    return { ...base, result: await call(method, params) };
  } catch (error) {
    const { message } = error as Error;
    return { ...base, error: { code: error instanceof RpcError ? error.code : RPC_ERROR.internal, message } };
  }
}

function isId(id: unknown): id is Id {
  return typeof id === 'string' || typeof id === 'number' || id === null;
}

function refuse(code: number, message: string): Answer {
  return { version: 1, id: null, isNotification: false, error: { code, message } };
}

function single(answered: Answer): HttpAnswer {
  if (answered.isNotification) return { status: 204, body: undefined };
  return { status: statusOf(answered), body: write(answered) };
}

function statusOf({ version, error }: Answer): number {
  if (error === undefined || version === 2) return 200;
  if (error.code === RPC_ERROR.invalidRequest) return 400;
  if (error.code === RPC_ERROR.methodNotFound) return 404;
  return 500;
}

/** 1.0 has both fields with one of them null; 2.0 has the one that applies. */
function write({ version, id, result, error }: Answer): string {
  if (version === 2)
    return JSON.stringify({ jsonrpc: '2.0', ...(error ? { error } : { result: result ?? null }), id });
  return JSON.stringify({ result: result ?? null, error: error ?? null, id });
}
