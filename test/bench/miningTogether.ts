import { withFolder } from '../support/chains.ts';
import { type Brought, mineInTheOpen } from '../support/miningTogether.ts';

const BLOCKS = 500;

/** Two nodes and up to three miners, one of them the node's own and two by Stratum: what share of the blocks each gets. */
export async function run(options: readonly string[]): Promise<void> {
  const blocks = Number(options[0] ?? BLOCKS);
  if (!(blocks >= 50)) throw new Error('npm run bench -- mining-together [BLOCKS, 50 at the least]');
  await withFolder(async (folder) => {
    const { alone, joined, ofThirdAfterwards } = await mineInTheOpen(folder, blocks);
    tell('two miners', alone);
    tell('a third one joins', joined);
    console.log(`after it has left: ${ofThirdAfterwards} blocks of the third`);
  });
}

function tell(what: string, brought: readonly Brought[]): void {
  const hashes = brought.reduce((sum, it) => sum + it.hashes, 0);
  const blocks = brought.reduce((sum, it) => sum + it.blocks, 0);
  console.log(
    `${what}: ${blocks} blocks, ${(hashes / blocks / 2 ** 20).toFixed(3)} times the hashes that theory asks`,
  );
  for (const it of brought) {
    const share = it.hashes / hashes;
    const off = (it.blocks - share * blocks) / Math.sqrt(blocks * share * (1 - share));
    console.log(
      `  ${it.name}: ${(100 * share).toFixed(1)} % of the hashes, ${((100 * it.blocks) / blocks).toFixed(1)} % of the blocks ` +
        `(${off.toFixed(1)} standard deviations off)`,
    );
  }
}
