import type { EstimateMode } from '../mempool/feeEstimator.ts';
import { toCoinsPerKilobyte } from './amounts.ts';
import { text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { rpcMethod } from './rpcMethod.ts';

/** The furthest target, in blocks, that anything is known of. */
const MAX_TARGET = 1008;

export const estimateSmartFee = rpcMethod({
  name: 'estimatesmartfee',
  theme: 'Util',
  summary:
    'The fee rate, in coins per 1,000 bytes, that is likely to bring a transaction into one of the next so many blocks.',
  example: 'indiecoin rpc estimatesmartfee 6',
  parameters: { conf_target: whole, estimate_mode: text.default('economical') },
  run: ({ mempool }, { conf_target, estimate_mode }) => {
    if (conf_target < 1 || conf_target > MAX_TARGET) {
      const message = `Invalid conf_target, must be between 1 and ${MAX_TARGET}`;
      throw new RpcError(RPC_ERROR.invalidParameter, message);
    }
    const mode = readMode(estimate_mode);
    const { feeRate, blocks } = mempool.estimator.estimate(conf_target, mode);
    return feeRate === undefined
      ? { errors: ['Insufficient data or no feerate found'], blocks }
      : { feerate: toCoinsPerKilobyte(Math.max(feeRate, mempool.minFeeRate)), blocks };
  },
});

/** @throws RpcError -8 */
function readMode(mode: string): EstimateMode {
  const lower = mode.toLowerCase();
  if (lower === 'conservative' || lower === 'economical') return lower;
  if (lower === 'unset') return 'economical';
  const message = 'Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"';
  throw new RpcError(RPC_ERROR.invalidParameter, message);
}
