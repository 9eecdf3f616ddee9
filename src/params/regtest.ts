import { builtInNetwork } from './builtInNetwork.ts';
import { mainnetDescription } from './mainnet.ts';
import { NO_TIMEOUT, type Signalling } from './networkParams.ts';

/** 75 % of half a day, as in Bitcoin's regtest. */
export const REGTEST_SIGNALLING: Signalling = { windowBlocks: 144, threshold: 108 };

/** A chain of one's own: every other hash will do, the target never changes, and subsidies halve every 150 blocks. */
export const regtest = builtInNetwork({
  ...mainnetDescription,
  name: 'regtest',
  magic: '1ed1ec03',
  // 'IndieCoin regtest: a chain of your own, to break and to learn from'
  // 2ba1cae76287d5821d19378a89ed392207dbf5193596dc8f85417d9d1a4d5bb3
  genesis:
    '000000200000000000000000000000000000000000000000000000000000000000000000959604878f8b2f603f3add3b86a115c8a94a4ceb' +
    'e564ad14e130783836a827698030026bffff7f20000000000101000000010000000000000000000000000000000000000000000000000000' +
    '000000000000ffffffff4342496e646965436f696e20726567746573743a206120636861696e206f6620796f7572206f776e2c20746f2062' +
    '7265616b20616e6420746f206c6561726e2066726f6dffffffff010000000000000000016a00000000',
  easiestBits: 0x207fffff,
  retargetBlocks: 0,
  halvingBlocks: 150,
  addressPrefix: 'icrt',
  seedPort: 28888,
  rpcPort: 28889,
  // Miners signal it from block 144 on, and it is active from block 432 on.
  deployments: [{ name: 'bip54', bit: 0, startTimeSec: 0, timeoutSec: NO_TIMEOUT, ...REGTEST_SIGNALLING }],
  unknownSignalling: REGTEST_SIGNALLING,
});
