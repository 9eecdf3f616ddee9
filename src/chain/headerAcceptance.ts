import { hashToHex } from '../bytes/hex.ts';
import { checkHeader, checkProofOfWork } from '../consensus/checkHeader.ts';
import type { HeaderRejection } from '../consensus/rejection.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { BlockHeader } from '../primitives/header.ts';
import type { BlockNode } from './blockNode.ts';
import type { BlockTree } from './blockTree.ts';

/** What became of a run of headers: their nodes in order, or the unknown parent of the first, or the first that is wrong. */
export type HeadersResult =
  | Readonly<{ nodes: BlockNode[] }>
  | Readonly<{ missing: string }>
  /** `before`: those that stand before it, and are good. */
  | Readonly<{ rejection: HeaderRejection; index: number; before: BlockNode[] }>;

const BY_OWNER = { byOwner: true } as const;

type Options = Readonly<{ tree: BlockTree; params: NetworkParams; nowSec: number }>;

/** Why this header cannot follow that parent, or undefined. Proof of work is asked first. */
export function checkHeaderAfter(
  header: BlockHeader,
  parent: BlockNode,
  { params, nowSec }: Pick<Options, 'params' | 'nowSec'>,
): HeaderRejection | undefined {
  const rejection = checkProofOfWork(header, params);
  if (rejection) return rejection;
  if (parent.isInvalid) return childOfInvalid(parent);
  return checkHeader(header, parent, params, nowSec);
}

/** What is said of a block that was found invalid before. */
export function knownInvalid({ hash, invalidBy }: BlockNode): HeaderRejection {
  return { code: 'duplicate-invalid', hash, ...(invalidBy === 'owner' && BY_OWNER) };
}

/** What is said of one whose parent was. */
export function childOfInvalid({ hash, invalidBy }: BlockNode): HeaderRejection {
  return { code: 'bad-prevblk', previousHash: hash, ...(invalidBy === 'owner' && BY_OWNER) };
}

/** Adds a run of headers, each the parent of the next, to the tree. */
export function acceptHeaders(headers: readonly BlockHeader[], options: Options): HeadersResult {
  const nodes: BlockNode[] = [];
  for (const [index, header] of headers.entries()) {
    const known = options.tree.get(hashToHex(header.hash));
    if (known?.isInvalid) return { rejection: knownInvalid(known), index, before: nodes };
    const parentHash = hashToHex(header.previousHash);
    const last = nodes[nodes.length - 1];
    const parent = last?.hash === parentHash ? last : options.tree.get(parentHash);
    // A run that does not hang together is no answer to any request.
    if (nodes.length > 0 && parent !== last)
      return { rejection: { code: 'bad-prevblk', previousHash: parentHash }, index, before: nodes };
    if (known) {
      nodes.push(known);
      continue;
    }
    if (!parent) return { missing: parentHash };
    const rejection = checkHeaderAfter(header, parent, options);
    if (rejection) return { rejection, index, before: nodes };
    nodes.push(options.tree.add(header, parent));
  }
  return { nodes };
}
