/** A header in its chain: all that the rules about headers look at. `parent` is undefined for the genesis block alone. */
export interface HeaderNode {
  readonly height: number;
  readonly version: number;
  readonly timeSec: number;
  readonly bits: number;
  readonly parent: HeaderNode | undefined;
  /** An ancestor further back, so that any ancestor is found in logarithmic time. */
  readonly skip: HeaderNode | undefined;
}

const MEDIAN_SPAN = 11;

/** The median of the times of the up to 11 blocks that end here (BIP113's clock): `sorted[⌊n/2⌋]`. */
export function medianTime(node: HeaderNode): number {
  const times: number[] = [];
  for (let at: HeaderNode | undefined = node; at && times.length < MEDIAN_SPAN; at = at.parent)
    times.push(at.timeSec);
  times.sort((a, b) => a - b);
  return times[times.length >> 1]!;
}

/** The ancestor of that height, itself included. @throws RangeError when there is none */
export function ancestorAt<Node extends HeaderNode>(node: Node, height: number): Node {
  if (height < 0 || height > node.height) throw new RangeError(`no ancestor of height ${height}`);
  let at: HeaderNode = node;
  while (at.height > height) at = at.skip && at.skip.height >= height ? at.skip : at.parent!;
  // An ancestor is of the node's own kind: chains are never mixed.
  return at as Node;
}

/** Which ancestor a block of this height keeps as its `skip`, as Bitcoin Core's GetSkipHeight chooses it. */
export function skipHeight(height: number): number {
  if (height < 2) return 0;
  const withoutLowestBit = (n: number) => n & (n - 1);
  // Odd heights jump a little short of what even ones reach, so that following skips meets both long and short steps.
  return height % 2 === 1 ? withoutLowestBit(withoutLowestBit(height - 1)) + 1 : withoutLowestBit(height);
}
