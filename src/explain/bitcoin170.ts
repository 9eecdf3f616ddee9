import { equalBytes } from '../bytes/bytes.ts';
import { hexToBytes, hexToHash } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import type { HeaderNode } from '../consensus/headerNode.ts';
import { makeNetwork } from '../params/makeNetwork.ts';
import { COIN, type NetworkParams } from '../params/networkParams.ts';
import { decodeBlock } from '../primitives/block.ts';
import type { Outpoint } from '../primitives/transaction.ts';
import type { BlockContext, TransactionContext } from './chainContext.ts';
import type { FoundCoin } from './spendRules.ts';

/**
 * Bitcoin's block 170, of 12 January 2009, in which Satoshi Nakamoto paid 10 bitcoins to Hal Finney: the first payment ever
 * made. These are its 490 bytes, and what is needed of the chain before it to check every rule.
 */
export const BITCOIN_170 = 'bitcoin-170';
export const BITCOIN_170_HASH = '00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee';
export const BITCOIN_170_TXIDS: readonly string[] = [
  'b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082',
  'f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16',
];
export const BITCOIN_170_BYTES = hexToBytes(
  '0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e63f8c3ce5c2c2e9dbb37de2764' +
    'b3a3175c8166562cac7d51b96a49ffff001d283e9e7002' +
    // The coinbase.
    '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff001d0102ffffffff0100f2052a' +
    '01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052d64ac625da6f0718e7b302140434bd725706957c092d' +
    'b53805b821a85b23a7ac61725bac00000000' +
    // The payment.
    '0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e45e16932b8af514961a1' +
    'd3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffff' +
    'ffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c' +
    '21c1b7303b8a0626f1baded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7' +
    'b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000',
);

const HEIGHT = 170;
const BITS = 0x1d00ffff;
const PREVIOUS_HASH = hexToHash('000000002a22cfee1f2c846adbd12b3e183d4f97683f85dad08a79780a84bd55');
/** Of the blocks 159 to 169. */
const TIMES_BEFORE = [
  1231702618, 1231703466, 1231704197, 1231704464, 1231714917, 1231715347, 1231716245, 1231716329, 1231716711,
  1231717181, 1231730523,
];

/** What the payment spends: the coinbase output of block 9, the one other coin that is known here. */
const SPENT: Outpoint = {
  txHash: hexToHash('0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9'),
  index: 0,
};
const SPENT_COIN: Coin = {
  amount: 50n * COIN,
  lockingScript: hexToBytes(
    '410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f99' +
      '9b8643f656b412a3ac',
  ),
  height: 9,
  isCoinbase: true,
};

/** Bitcoin's own parameters. No node can join with them: its later blocks have scripts that are not known here. */
const BITCOIN: NetworkParams = makeNetwork({
  name: 'bitcoin',
  magic: hexToBytes('f9beb4d9'),
  // 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f
  genesis: hexToBytes(
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a' +
      '51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c010100000001000000000000000000000000000000000000000000000000000000000000' +
      '0000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f' +
      '66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b710' +
      '5cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
  ),
  easiestBits: BITS,
  spacingSec: 600,
  retargetBlocks: 2016,
  subsidy: 50n * COIN,
  halvingBlocks: 210_000,
  coinbaseMaturity: 100,
  maxBlockBytes: 1_000_000,
  addressPrefix: 'bc',
  seedPort: 8333,
  rpcPort: 8332,
  seeds: [],
  minimumChainWork: 0n,
  deployments: [],
  unknownSignalling: { windowBlocks: 2016, threshold: 1916 },
});

const NOT_HERE = {
  needs: 'a node of Bitcoin: of its coins, only the one that block 170 spends is kept here',
};

/** What block 170 was checked against. */
export function bitcoin170Context(nowSec: number): BlockContext {
  return {
    params: BITCOIN,
    nowSec,
    parent: nodesBefore(),
    isParentValid: true,
    // 171 blocks with the easiest target.
    chainWork: 0xab00ab00abn,
    isBip54Active: false,
    coinOf,
    medianTimeAt: () => undefined,
    later: {
      'bad-version': 'asked since block 388,381 of December 2015, when BIP65 came into force',
      'bad-cb-height': 'asked since block 227,931 of March 2013, when BIP34 came into force',
    },
  };
}

/** What one of its two transactions was checked against. */
export function bitcoin170TransactionContext(index: number, nowSec: number): TransactionContext {
  const { params, medianTimeAt, later } = bitcoin170Context(nowSec);
  const { header, transactions } = decodeBlock(BITCOIN_170_BYTES);
  return {
    params,
    setting: { height: HEIGHT, medianTimeSec: MEDIAN_BEFORE, params, medianTimeAt },
    coinOf,
    block: {
      hash: BITCOIN_170_HASH,
      height: HEIGHT,
      merkleRoot: header.merkleRoot,
      hashes: transactions.map(({ hash }) => hash),
      index,
    },
    later,
  };
}

/** Whether a block or header is meant to follow block 169, or has its hash: then the context is known here. */
export function isLikeBlock170(previousHash: Uint8Array): boolean {
  return equalBytes(previousHash, PREVIOUS_HASH);
}

/** Whether a transaction spends what the first payment spent. */
export function spendsWhatBlock170Spends(outpoints: readonly Outpoint[]): boolean {
  return outpoints.some(({ txHash, index }) => index === SPENT.index && equalBytes(txHash, SPENT.txHash));
}

const MEDIAN_BEFORE = TIMES_BEFORE[TIMES_BEFORE.length >> 1]!;

function coinOf({ txHash, index }: Outpoint): FoundCoin {
  if (!equalBytes(txHash, SPENT.txHash)) return NOT_HERE;
  // A coinbase of those days has one output.
  return index === SPENT.index ? SPENT_COIN : undefined;
}

function nodesBefore(): HeaderNode {
  let node: HeaderNode | undefined;
  for (const [i, timeSec] of TIMES_BEFORE.entries()) {
    const height = HEIGHT - TIMES_BEFORE.length + i;
    node = { height, version: 1, timeSec, bits: BITS, parent: node, skip: undefined };
  }
  return node!;
}
