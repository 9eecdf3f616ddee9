import { makeNetwork } from '../../src/params/makeNetwork.ts';
import type { NetworkParams } from '../../src/params/networkParams.ts';
import { regtest } from '../../src/params/regtest.ts';

/** Regtest with another easiest target, which its genesis block names too, and with what else is to be different. */
export function networkOfBits(easiestBits: number, changes: Partial<NetworkParams> = {}): NetworkParams {
  const genesis = Buffer.from(regtest.genesis.bytes);
  genesis.writeUInt32LE(easiestBits, 72);
  return makeNetwork({ ...regtest, ...changes, easiestBits, genesis });
}
