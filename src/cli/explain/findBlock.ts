import { DecodeError } from '../../bytes/decodeError.ts';
import { hashToHex, hexToBytes } from '../../bytes/hex.ts';
import { bitcoin170Context, isLikeBlock170, spendsWhatBlock170Spends } from '../../explain/bitcoin170.ts';
import type { BlockContext } from '../../explain/chainContext.ts';
import { genesisContext } from '../../explain/genesisContext.ts';
import { type Block, decodeBlock } from '../../primitives/block.ts';
import { type BlockHeader, decodeHeader, HEADER_BYTES } from '../../primitives/header.ts';
import { RPC_ERROR } from '../../rpc/rpcError.ts';
import { CliError, usageError } from '../cliError.ts';
import type { Context } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { RefusedError } from '../rpcClient.ts';
import type { TransactionAnswer } from './nodeAnswers.ts';
import { blockContext, headerContext } from './nodeContext.ts';
import { readHeader, unlessUnknown } from './nodeHeaders.ts';

/** The newest block. */
const TIP = 'tip';
const HASH = /^[0-9a-f]{64}$/i;

/** The hash of a block that was named by its hash or its height. @throws CliError that says what else it could be */
export async function findHash({ node }: Context, id: string, what: 'block' | 'header'): Promise<string> {
  if (/^\d{1,9}$/.test(id)) return hashAt(node, Number(id));
  if (id === TIP) return node.call<string>('getbestblockhash');
  if (!HASH.test(id)) {
    throw usageError(
      `"${id}" is neither a height, nor a hash of 64 hex digits, nor tip, nor bitcoin-170. --hex FILE takes hex.`,
    );
  }
  const hash = id.toLowerCase();
  if ((await readHeader(node, hash)) !== undefined) return hash;
  const isTxid = await unlessUnknown(node.call<TransactionAnswer>('getrawtransaction', [hash, 1]));
  const hint =
    isTxid === undefined
      ? `The node has no block of this hash. \`indiecoin explain ${what} 0\` takes a height, too.`
      : `This is a transaction: \`indiecoin explain transaction ${hash}\`.`;
  throw new CliError(EXIT.refused, hint);
}

async function hashAt(node: Context['node'], height: number): Promise<string> {
  try {
    return await node.call<string>('getblockhash', [height]);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.rpcCode !== RPC_ERROR.invalidParameter) throw error;
    const tip = await node.call<number>('getblockcount');
    throw new CliError(EXIT.refused, `There is no block at height ${height}: the newest is at ${tip}.`);
  }
}

/** The bytes of a block of the node's. @throws CliError when it keeps only the header */
export async function readBlockBytes({ node }: Context, hash: string): Promise<Uint8Array> {
  try {
    return hexToBytes(await node.call<string>('getblock', [hash, 0]));
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const hint = `Its header is here: \`indiecoin explain header ${hash}\`.`;
    throw new CliError(EXIT.refused, `${error.message}. ${hint}`, { cause: error });
  }
}

/** What is known around bytes that somebody brought, if they are a block at all. */
export async function contextOfBlock(context: Context, bytes: Uint8Array): Promise<BlockContext> {
  const { params } = context.config;
  const header = tryDecode(() => decodeHeader(bytes.subarray(0, HEADER_BYTES)));
  const block = tryDecode(() => decodeBlock(bytes));
  if (header === undefined) return contextWithoutNode(context);
  const example = exampleContext(header, block);
  if (example) return example;
  if (hashToHex(header.hash) === params.genesisHash) return genesisContext(params, nowSec());
  if (!(await context.node.isRunning())) return contextWithoutNode(context);
  return block ? blockContext(context.node, block, params) : headerContext(context.node, header, params);
}

/** Where the bytes are those of Bitcoin's block 170, but for some: what is known of the chain before it. */
function exampleContext(header: BlockHeader, block: Block | undefined): BlockContext | undefined {
  const example = bitcoin170Context(nowSec());
  if (isLikeBlock170(header.previousHash)) return example;
  const outpoints = block?.transactions.flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpoint)) ?? [];
  if (!spendsWhatBlock170Spends(outpoints)) return undefined;
  const parent = { needs: `block ${hashToHex(header.previousHash)}, which is not Bitcoin’s block 169` };
  return { ...example, parent, isParentValid: parent, isBip54Active: parent };
}

/** Whether an id names the first block, which every program of the network has within. */
export function isGenesisId({ config }: Context, id: string): boolean {
  return id === '0' || id.toLowerCase() === config.params.genesisHash;
}

export function contextWithoutNode({ config }: Context): BlockContext {
  const unknown = { needs: 'a running node of the network, which knows the chain (`indiecoin node`)' };
  return {
    params: config.params,
    nowSec: nowSec(),
    parent: unknown,
    isParentValid: unknown,
    isBip54Active: unknown,
    coinOf: () => unknown,
    medianTimeAt: () => undefined,
    later: {},
  };
}

export function nowSec(): number {
  return Math.floor(Date.now() / 1000);
}

export function tryDecode<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
