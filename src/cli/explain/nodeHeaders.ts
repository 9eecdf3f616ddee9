import type { HeaderNode } from '../../consensus/headerNode.ts';
import type { Unknown } from '../../explain/rule.ts';
import type { NetworkParams } from '../../params/networkParams.ts';
import { RPC_ERROR } from '../../rpc/rpcError.ts';
import { RefusedError, type RpcClient } from '../rpcClient.ts';
import type { DeploymentsAnswer, HeaderAnswer } from './nodeAnswers.ts';

/** The median time looks at this many blocks. */
const MEDIAN_SPAN = 11;

/** Undefined when the node knows no block of that hash. */
export async function readHeader(node: RpcClient, hash: string): Promise<HeaderAnswer | undefined> {
  return unlessUnknown(node.call<HeaderAnswer>('getblockheader', [hash, true]));
}

/** The answer, or undefined where the node says that it knows nothing of that name. */
export async function unlessUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RefusedError && error.rpcCode === RPC_ERROR.invalidAddressOrKey) return undefined;
    throw error;
  }
}

/**
 * A block of the node's with the ancestors that the rules about the next one look at: eleven for the median time, and the
 * one that the next block's retarget or BIP54 looks back to, as the `skip` of the block itself.
 */
export async function readHeaderNode(
  node: RpcClient,
  hash: string,
  params: NetworkParams,
): Promise<HeaderNode | Unknown> {
  const headers: HeaderAnswer[] = [];
  let next: string | undefined = hash;
  while (next !== undefined && headers.length < MEDIAN_SPAN) {
    const header: HeaderAnswer | undefined = await readHeader(node, next);
    if (header === undefined) return { needs: 'a node that knows the block before' };
    headers.push(header);
    next = header.previousblockhash;
  }
  const far = await readFarAncestor(node, headers, params);
  if (far !== undefined && 'needs' in far) return far;
  let made: HeaderNode | undefined;
  for (const header of headers.reverse()) made = toNode(header, made, header.hash === hash ? far : undefined);
  return made!;
}

async function readFarAncestor(
  node: RpcClient,
  headers: readonly HeaderAnswer[],
  { retargetBlocks }: NetworkParams,
): Promise<HeaderNode | Unknown | undefined> {
  const height = headers[0]!.height + 1;
  const oldest = headers.at(-1)!;
  const position = retargetBlocks === 0 ? -1 : height % retargetBlocks;
  // As nextBits and minTimeAgainstTimewarp ask for them.
  const wanted =
    position === 0
      ? height - retargetBlocks
      : position === retargetBlocks - 1
        ? height - position
        : undefined;
  if (wanted === undefined || wanted >= oldest.height) return undefined;
  if (oldest.confirmations < 0) return { needs: 'headers of a side branch that RPC does not give by height' };
  const hash = await node.call<string>('getblockhash', [wanted]);
  const header = await readHeader(node, hash);
  return header === undefined
    ? { needs: `the header at height ${wanted}` }
    : toNode(header, undefined, undefined);
}

function toNode(
  { height, version, time, bits }: HeaderAnswer,
  parent: HeaderNode | undefined,
  skip: HeaderNode | undefined,
): HeaderNode {
  return { height, version, timeSec: time, bits: Number.parseInt(bits, 16), parent, skip };
}

/** Whether BIP54 is in force for the block after this one. */
export async function isBip54Active(
  node: RpcClient,
  parentHash: string,
  { deployments }: NetworkParams,
): Promise<boolean> {
  if (!deployments.some(({ name }) => name === 'bip54')) return false;
  const answer = await node.call<DeploymentsAnswer>('getdeploymentinfo', [parentHash]);
  return answer.deployments.bip54?.active === true;
}
