import { bytesToHex } from '../../src/bytes/hex.ts';
import type { NetworkParams } from '../../src/params/networkParams.ts';

/** The text of a file that defines this network, under a name that is no built-in's. */
export function networkFileText(params: NetworkParams, name: string): string {
  const { genesis, easiestBits, spacingSec, retargetBlocks, halvingBlocks, coinbaseMaturity } = params;
  return [
    `name = "${name}"`,
    `magic = "${bytesToHex(params.magic)}"`,
    `genesis = "${bytesToHex(genesis.bytes)}"`,
    `easiestBits = "${easiestBits.toString(16)}"`,
    `spacingSec = ${spacingSec}`,
    `retargetBlocks = ${retargetBlocks}`,
    `subsidyCoins = "50"`,
    `halvingBlocks = ${halvingBlocks}`,
    `coinbaseMaturity = ${coinbaseMaturity}`,
    `maxBlockBytes = ${params.maxBlockBytes}`,
    `addressPrefix = "${params.addressPrefix}"`,
    `seedPort = ${params.seedPort}`,
    `rpcPort = ${params.rpcPort}`,
    'seeds = []',
    '',
  ].join('\n');
}
