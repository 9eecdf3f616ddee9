/** A chain with more work parts from ours below the blocks that were kept. The message says what the owner can do. */
export class PrunedError extends Error {
  override readonly name = 'PrunedError';

  constructor(forkHeight: number, lowestHeight: number) {
    super(
      `the chain with the most work parts from ours after height ${forkHeight}, and this node has pruned its blocks ` +
        `before height ${lowestHeight}: it cannot go back that far. \`indiecoin node --reindex\` downloads the chain again`,
    );
  }
}
