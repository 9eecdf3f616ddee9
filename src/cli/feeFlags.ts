import { usageError } from './cliError.ts';
import { type Context, optionalText } from './command.ts';
import { wholeNumber } from './wholeNumber.ts';

const MAX_FEE_RATE = 10_000;
const MAX_TARGET = 1008;

/** How a payment's fee is chosen: by its rate, or by how long its sender can wait. */
export const FEE_FLAGS = {
  'fee-rate': {
    requiresArg: true,
    description: 'base units (10^-8 coins) per byte; more is mined sooner (default 2)',
  },
  target: {
    requiresArg: true,
    description: 'blocks that it may wait: the fee rate follows from what blocks took lately',
  },
};

/** As `bumpfee` and `walletsend` have them. @throws CliError for both at once, or out of range */
export function readFeeFlags(context: Context): { feeRate?: number; target?: number } {
  const [rate, target] = [optionalText(context, 'fee-rate'), optionalText(context, 'target')];
  if (rate !== undefined && target !== undefined)
    throw usageError('--fee-rate and --target are two ways to say the same: use one.');
  return {
    ...(rate !== undefined && { feeRate: wholeNumber(rate, '--fee-rate', 1, MAX_FEE_RATE) }),
    ...(target !== undefined && { target: wholeNumber(target, '--target', 1, MAX_TARGET) }),
  };
}
