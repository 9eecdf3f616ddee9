import type { NetworkParams } from '../params/networkParams.ts';
import { workOfTarget } from '../primitives/target.ts';
import type { BlockContext } from './chainContext.ts';
import type { Unknown } from './rule.ts';

export const NOTHING_BEFORE: Unknown = {
  needs: 'a block before: this is the first, valid by its hash alone',
};

/** What there is around the first block of a network: nothing. */
export function genesisContext(params: NetworkParams, nowSec: number): BlockContext {
  return {
    params,
    nowSec,
    parent: NOTHING_BEFORE,
    isParentValid: NOTHING_BEFORE,
    chainWork: workOfTarget(params.easiestTarget),
    isGenesis: true,
    isBip54Active: NOTHING_BEFORE,
    coinOf: () => NOTHING_BEFORE,
    medianTimeAt: () => undefined,
    later: {},
  };
}
