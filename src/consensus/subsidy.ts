import type { NetworkParams } from '../params/networkParams.ts';

/** Base units that a block of this height may create besides the fees: halved every so often, until nothing is left. */
export function subsidyAt(height: number, params: NetworkParams): bigint {
  return params.subsidy >> BigInt(Math.floor(height / params.halvingBlocks));
}
