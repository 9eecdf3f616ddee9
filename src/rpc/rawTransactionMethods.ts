import { z } from 'zod';
import { DecodeError } from '../bytes/decodeError.ts';
import { bytesToHex, hexToBytes, hexToHash } from '../bytes/hex.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { makeTransaction, type TransactionInput, type TransactionOutput } from '../primitives/transaction.ts';
import { fromCoins } from './amounts.ts';
import { describeLockingScript } from './describeTransaction.ts';
import type { NodeServices } from './nodeServices.ts';
import { flag, readHash, readPayee, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

const theme = 'Rawtransactions';
/** Relative lock times have a meaning from this one on (BIP68). */
const VERSION = 2;
/** The input may be replaced (BIP125) and has no relative lock time. */
const REPLACEABLE_SEQUENCE = 0xffff_fffd;
/** The transaction's lock time is in force. */
const NOT_FINAL_SEQUENCE = 0xffff_fffe;
const FINAL_SEQUENCE = 0xffff_ffff;
const OP_RETURN = 0x6a;
const OP_PUSHDATA1 = 0x4c;
const MAX_U32 = 0xffff_ffff;

const inputShape = z.object({ txid: text, vout: whole, sequence: whole.optional() });
const amountShape = z.union([z.number(), text]);
type GivenInput = z.infer<typeof inputShape>;
type GivenOutputs = Readonly<Record<string, number | string>>;

export const rawTransactionMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'createrawtransaction',
    theme,
    summary:
      'An unsigned transaction in hex: from inputs, to addresses with their amounts, or "data" with hex.',
    example: 'indiecoin rpc createrawtransaction \'[{"txid":"<txid>","vout":0}]\' \'[{"<address>":1.5}]\'',
    parameters: {
      inputs: z.array(inputShape),
      outputs: z.union([z.array(z.record(text, amountShape)), z.record(text, amountShape)]),
      locktime: whole.default(0),
      replaceable: flag.optional(),
    },
    run: createTransaction,
  }),
  rpcMethod({
    name: 'decodescript',
    theme,
    summary: 'What a locking script in hex asks of whoever spends it.',
    example: 'indiecoin rpc decodescript <hex>',
    parameters: { hexstring: text },
    run: ({ params }, { hexstring }) => {
      try {
        const { hex: _, ...script } = describeLockingScript(hexToBytes(hexstring), params);
        return script;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        const message = `argument must be hexadecimal string (not '${hexstring.slice(0, 100)}')`;
        throw new RpcError(RPC_ERROR.invalidParameter, message, { cause: error });
      }
    },
  }),
];

function createTransaction(
  { params }: NodeServices,
  given: {
    inputs: readonly GivenInput[];
    outputs: readonly GivenOutputs[] | GivenOutputs;
    locktime: number;
    replaceable?: boolean | undefined;
  },
): string {
  const { locktime, replaceable } = given;
  if (locktime < 0 || locktime > MAX_U32) throw invalid('Invalid parameter, locktime out of range');
  const sequence =
    (replaceable ?? true) ? REPLACEABLE_SEQUENCE : locktime === 0 ? FINAL_SEQUENCE : NOT_FINAL_SEQUENCE;
  const inputs = given.inputs.map((input) => readInput(input, sequence));
  if (replaceable && inputs.length > 0 && inputs.every((input) => input.sequence > REPLACEABLE_SEQUENCE)) {
    throw invalid('Invalid parameter combination: Sequence number(s) contradict replaceable option');
  }
  const outputs = readOutputs(given.outputs, params);
  if (inputs.length === 0) throw invalid('Invalid parameter, inputs must not be empty');
  return bytesToHex(makeTransaction({ version: VERSION, inputs, outputs, lockTime: locktime }).bytes);
}

function readInput({ txid, vout, sequence }: GivenInput, otherwise: number): TransactionInput {
  const txHash = hexToHash(readHash(txid, 'txid'));
  if (vout < 0) throw invalid('Invalid parameter, vout cannot be negative');
  if (vout > MAX_U32) throw invalid('Invalid parameter, vout is out of range');
  if (sequence !== undefined && (sequence < 0 || sequence > MAX_U32)) {
    throw invalid('Invalid parameter, sequence number is out of range');
  }
  return {
    outpoint: { txHash, index: vout },
    unlockingScript: new Uint8Array(),
    sequence: sequence ?? otherwise,
  };
}

/** One object for all, or one for each, which keeps their order whatever reads the JSON. */
function readOutputs(
  given: readonly GivenOutputs[] | GivenOutputs,
  params: NetworkParams,
): TransactionOutput[] {
  const pairs = Array.isArray(given)
    ? given.map((output: GivenOutputs) => {
        const entries = Object.entries(output);
        if (entries.length === 1) return entries[0]!;
        throw invalid('Invalid parameter, key-value pair must contain exactly one key');
      })
    : Object.entries(given as GivenOutputs);
  const seen = new Set<string>();
  return pairs.map(([key, value]) => {
    if (seen.has(key)) {
      throw invalid(
        `Invalid parameter, ${key === 'data' ? 'duplicate key: data' : `duplicated address: ${key}`}`,
      );
    }
    seen.add(key);
    if (key === 'data') return { amount: 0n, lockingScript: dataScript(value) };
    return { amount: fromCoins(value), lockingScript: readPayee(key, params) };
  });
}

function dataScript(value: number | string): Uint8Array {
  const hex = String(value);
  if (!/^([0-9a-f]{2})*$/i.test(hex))
    throw invalid(`Data must be hexadecimal string (not '${hex.slice(0, 100)}')`);
  const data = hexToBytes(hex);
  const push = data.length < OP_PUSHDATA1 ? [data.length] : [OP_PUSHDATA1, data.length];
  const script = Uint8Array.of(OP_RETURN, ...push, ...data);
  if (data.length > 255 || parseLockingScript(script) === undefined) {
    throw invalid('Invalid parameter, an output holds at most 80 bytes of data');
  }
  return script;
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_ERROR.invalidParameter, message);
}
