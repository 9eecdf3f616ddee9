import type { z } from 'zod';
import { suggestion } from '../../node/nearestName.ts';
import { METHODS } from '../../rpc/methods.ts';
import { usageOf } from '../../rpc/rpcMethod.ts';
import { usageError } from '../cliError.ts';
import { type Command, textOf } from '../command.ts';

export const rpc: Command = {
  usage: 'rpc <method> [params..]',
  summary: 'call a method of the JSON-RPC, by the names that Bitcoin gave them',
  arguments: {
    method: { describe: 'its name; help lists them' },
    params: {
      type: 'string',
      array: true,
      describe: 'its parameters, in order; JSON where they are not text',
    },
  },
  completions: { method: [...METHODS.keys()] },
  examples: [
    ['indiecoin rpc help', 'all methods'],
    ['indiecoin rpc getblock $(indiecoin rpc getblockhash 0) 2', 'a block with its transactions'],
    [
      'indiecoin rpc generatetoaddress 101 $(indiecoin wallet address --network regtest) --network regtest',
      'blocks at once, on regtest',
    ],
  ],
  run: async (context) => {
    const name = textOf(context, 'method');
    const method = METHODS.get(name);
    if (method === undefined) {
      const hint = suggestion(name, [...METHODS.keys()]);
      throw usageError(`There is no RPC method "${name}".${hint} \`indiecoin rpc help\` lists them.`);
    }
    const words = (context.arguments.params as string[] | undefined) ?? [];
    const schemas = Object.values(method.parameters);
    const required = schemas.filter((schema) => !schema.safeParse(undefined).success).length;
    if (words.length < required || words.length > schemas.length) {
      throw usageError(`${name} takes ${describeCount(required, schemas.length)}: ${usageOf(method)}`);
    }
    const params = words.map((word, i) => readParameter(word, schemas[i]!));
    const result = await context.node.call<unknown>(name, params);
    context.terminal.answer(result, () =>
      typeof result === 'string' ? result : JSON.stringify(result, undefined, 2),
    );
  },
};

/** Text where the method takes text, else JSON: `2`, `true`, `["a"]`. */
function readParameter(word: string, schema: z.ZodType): unknown {
  if (schema.safeParse(word).success) return word;
  try {
    return JSON.parse(word);
  } catch {
    return word;
  }
}

function describeCount(least: number, most: number): string {
  if (least === most) return least === 1 ? 'one parameter' : `${least} parameters`;
  return `${least} to ${most} parameters`;
}
