import { hexToBytes } from '../bytes/hex.ts';
import { makeNetwork, type NetworkDescription } from './makeNetwork.ts';
import type { NetworkParams } from './networkParams.ts';

/** A network that comes with the program, its bytes in hex. */
export type BuiltInNetwork = Omit<NetworkDescription, 'magic' | 'genesis'> & {
  magic: string;
  genesis: string;
};

export function builtInNetwork(description: BuiltInNetwork): NetworkParams {
  const { magic, genesis } = description;
  return makeNetwork({ ...description, magic: hexToBytes(magic), genesis: hexToBytes(genesis) });
}
