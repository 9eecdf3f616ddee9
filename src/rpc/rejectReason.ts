import type { Rejection } from '../consensus/rejection.ts';

/** From here on Bitcoin reads an amount, which is signed there, as negative. */
const FIRST_NEGATIVE = 1n << 63n;

/** The reject reason in Bitcoin Core's words, where it has the rule and words it otherwise than our code does. */
export function rejectReason(rejection: Rejection): string {
  switch (rejection.code) {
    case 'bad-version':
      return `bad-version(0x${(rejection.version >>> 0).toString(16).padStart(8, '0')})`;
    case 'bad-txns-vout-toolarge':
      return rejection.amount >= FIRST_NEGATIVE ? 'bad-txns-vout-negative' : rejection.code;
    default:
      return rejection.code;
  }
}

/** The same for a rule that a block broke: there Bitcoin Core has one word for all that is not final. */
export function blockRejectReason(rejection: Rejection): string {
  return rejection.code === 'non-BIP68-final' ? 'bad-txns-nonfinal' : rejectReason(rejection);
}
