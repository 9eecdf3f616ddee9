import { type BuiltInNetwork, builtInNetwork } from './builtInNetwork.ts';
import { COIN, type Signalling } from './networkParams.ts';

/** 95 % of two weeks. */
const signalling: Signalling = { windowBlocks: 4032, threshold: 3830 };

/** The network with coins that are meant to last. The other two are described as their differences from it. */
export const mainnetDescription: BuiltInNetwork = {
  name: 'mainnet',
  magic: '1ed1ec01',
  // 'IndieCoin: a coin that one person can run, and one engineer can read. 22/Nov/2026'
  // 00000006eb937dee9cbfb888013dca45e9953bf9b78197a80cad01c2273d7cc8
  genesis:
    '000000200000000000000000000000000000000000000000000000000000000000000000a3f6fad569af7c0353000d3d0f4fee1a65a96617' +
    '409c86ef8ee7b732489944cf8030026bffff0f1da9252b000101000000010000000000000000000000000000000000000000000000000000' +
    '000000000000ffffffff534c51496e646965436f696e3a206120636f696e2074686174206f6e6520706572736f6e2063616e2072756e2c20' +
    '616e64206f6e6520656e67696e6565722063616e20726561642e2032322f4e6f762f32303236ffffffff010000000000000000016a000000' +
    '00',
  // 2^28 hashes a block on average: one laptop can start the chain.
  easiestBits: 0x1d0fffff,
  spacingSec: 300,
  retargetBlocks: 4032,
  subsidy: 50n * COIN,
  halvingBlocks: 210_000,
  coinbaseMaturity: 100,
  maxBlockBytes: 3_000_000,
  addressPrefix: 'ic',
  seedPort: 8888,
  rpcPort: 8889,
  // The seeds of the built-in networks stand in bootstrap/, where their operators can edit them.
  seeds: [],
  minimumChainWork: 0n,
  deployments: [
    {
      name: 'bip54',
      bit: 0,
      // 1 January 2027, a good month after the genesis block, and a year for the miners to agree (BIP9).
      startTimeSec: 1_798_761_600,
      timeoutSec: 1_830_297_600,
      ...signalling,
    },
  ],
  unknownSignalling: signalling,
};

export const mainnet = builtInNetwork(mainnetDescription);
