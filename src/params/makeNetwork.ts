import { equalBytes } from '../bytes/bytes.ts';
import { hashToHex } from '../bytes/hex.ts';
import { decodeBlock } from '../primitives/block.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { bitsToTarget, targetToBits } from '../primitives/target.ts';
import type { NetworkParams } from './networkParams.ts';

/** What has to be said of a network; the rest of NetworkParams follows from it. */
export type NetworkDescription = Omit<NetworkParams, 'genesis' | 'genesisHash' | 'easiestTarget'> & {
  /** The bytes of the block. */
  genesis: Uint8Array;
};

/** A value that makes no network, and the key that holds it. */
export class NetworkKeyError extends Error {
  override readonly name = 'NetworkKeyError';
  readonly key: string;

  constructor(key: string, message: string, options?: ErrorOptions) {
    super(`${key}: ${message}`, options);
    this.key = key;
  }
}

/** Completes and freezes a network. @throws NetworkKeyError */
export function makeNetwork(description: NetworkDescription): NetworkParams {
  const { genesis: genesisBytes, easiestBits, retargetBlocks, spacingSec } = description;
  const easiestTarget = bitsToTarget(easiestBits);
  // Only a canonical form can ever equal what the retarget gives.
  if (easiestTarget === undefined || targetToBits(easiestTarget) !== easiestBits) {
    throw new NetworkKeyError('easiestBits', 'is not the compact form of a target');
  }
  if (retargetBlocks === 1) {
    throw new NetworkKeyError(
      'retargetBlocks',
      'a period of one block spans no time; use 0 for never, or 2 and more',
    );
  }
  if (retargetBlocks * spacingSec !== 0 && retargetBlocks * spacingSec < 4) {
    throw new NetworkKeyError('retargetBlocks', 'a period must take at least 4 seconds');
  }
  const genesis = decodeGenesis(genesisBytes, easiestBits);
  return Object.freeze({
    ...description,
    genesis,
    genesisHash: hashToHex(genesis.header.hash),
    easiestTarget,
  });
}

/** A genesis block is valid by its hash alone, so all that is asked is that it is a block, and this network's. */
function decodeGenesis(bytes: Uint8Array, easiestBits: number): NetworkParams['genesis'] {
  const genesis = tryDecode(bytes);
  const { root, isMutated } = merkleRoot(genesis.transactions.map(({ hash }) => hash));
  if (isMutated || !equalBytes(root, genesis.header.merkleRoot)) {
    throw new NetworkKeyError('genesis', "the merkle root is not that of the block's transactions");
  }
  if (genesis.header.bits !== easiestBits) {
    throw new NetworkKeyError('genesis', "the block's bits are not easiestBits");
  }
  return genesis;
}

function tryDecode(bytes: Uint8Array): NetworkParams['genesis'] {
  try {
    return decodeBlock(bytes);
  } catch (cause) {
    throw new NetworkKeyError('genesis', `is not a block (${(cause as Error).message})`, { cause });
  }
}
