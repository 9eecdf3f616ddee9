import { mainnet } from './mainnet.ts';
import type { NetworkParams } from './networkParams.ts';
import { regtest } from './regtest.ts';
import { testnet } from './testnet.ts';

/** The networks that come with the program. */
export const networks: readonly NetworkParams[] = [mainnet, testnet, regtest];

export function networkByName(name: string): NetworkParams | undefined {
  return networks.find((network) => network.name === name);
}
