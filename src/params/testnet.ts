import { builtInNetwork } from './builtInNetwork.ts';
import { mainnetDescription } from './mainnet.ts';
import type { Signalling } from './networkParams.ts';

/** 75 % of two weeks (BIP9's advice for networks for tests). */
const signalling: Signalling = { windowBlocks: 4032, threshold: 3024 };

/** Mainnet's rules with worthless coins. */
export const testnet = builtInNetwork({
  ...mainnetDescription,
  name: 'testnet',
  magic: '1ed1ec02',
  // 'IndieCoin testnet: coins that are worth what they teach. 22/Nov/2026'
  // 0000000c3d6f90b04587159fc300114e02425ad9c8638709af776f3b02d0cffd
  genesis:
    '000000200000000000000000000000000000000000000000000000000000000000000000a7f4cab480ad22e959a7b2db2565e42ced2b4363' +
    'bdefdb9670e497f7db7de1e58030026bffff0f1dfcfb1d090101000000010000000000000000000000000000000000000000000000000000' +
    '000000000000ffffffff4544496e646965436f696e20746573746e65743a20636f696e7320746861742061726520776f7274682077686174' +
    '20746865792074656163682e2032322f4e6f762f32303236ffffffff010000000000000000016a00000000',
  addressPrefix: 'tic',
  seedPort: 18888,
  rpcPort: 18889,
  // A month earlier than on mainnet, 1 December 2026.
  deployments: [
    { name: 'bip54', bit: 0, startTimeSec: 1_796_083_200, timeoutSec: 1_827_619_200, ...signalling },
  ],
  unknownSignalling: signalling,
});
