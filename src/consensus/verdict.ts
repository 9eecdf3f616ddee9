import type { RejectCode, Rejection } from './rejection.ts';

/** What follows when a rule is broken. */
export type Verdict = Readonly<{
  /** The block of this hash can never be valid, whoever sends it: it may be remembered, and its descendants refused. */
  condemnsHash: boolean;
  /** No other tip and no other clock would make these bytes valid. */
  isFinal: boolean;
  /** Points against the one who sent a block that breaks it; 100 is a ban. */
  cost: number;
}>;

/** The rules of a block's own bytes, once they are tied to the hash, and of the chain before it. */
const INVALID: Verdict = { condemnsHash: true, isFinal: true, cost: 100 };
/** The header is invalid for ever, but it is never stored, so there is nothing to remember. */
const INVALID_HEADER: Verdict = { condemnsHash: false, isFinal: true, cost: 100 };
/** The bytes may be another body under the hash of an honest block. */
const NOT_THE_BODY: Verdict = { condemnsHash: false, isFinal: true, cost: 100 };
/** A transaction that breaks it may be valid elsewhere in the chain; a block that holds it is not. */
const INVALID_HERE: Verdict = { condemnsHash: true, isFinal: false, cost: 100 };
/** Who runs a version from before the rule passes it on in good faith; disconnecting those would split the network. */
const INVALID_BY_SOFT_FORK: Verdict = { condemnsHash: true, isFinal: true, cost: 0 };

/** One line for every rule: a new code without its line does not compile. */
const VERDICTS: Readonly<Record<RejectCode, Verdict>> = {
  'high-hash': INVALID_HEADER,
  'bad-diffbits': INVALID_HEADER,
  'bad-version': INVALID_HEADER,
  'time-too-old': INVALID_HEADER,
  'time-timewarp-attack': INVALID_HEADER,
  // Time passes, and clocks differ: the block is held, its sender blameless.
  'time-too-new': { condemnsHash: false, isFinal: false, cost: 0 },
  'bad-prevblk': INVALID_HEADER,
  // Its first sender has paid; the next ones may have followed other rules, or not looked.
  'duplicate-invalid': { condemnsHash: true, isFinal: true, cost: 20 },
  'bad-txnmrklroot': NOT_THE_BODY,
  'bad-txns-duplicate': NOT_THE_BODY,
  'bad-txns-size-64': NOT_THE_BODY,
  'bad-blk-length': INVALID,
  'bad-cb-missing': INVALID,
  'bad-cb-multiple': INVALID,
  'bad-blk-sigops': INVALID,
  'bad-cb-height': INVALID,
  'bad-cb-locktime': INVALID_BY_SOFT_FORK,
  'bad-cb-sequence': INVALID_BY_SOFT_FORK,
  'bad-cb-amount': INVALID,
  'bad-txns-vin-empty': INVALID,
  'bad-txns-vout-empty': INVALID,
  'bad-txns-oversize': INVALID,
  'bad-txns-vout-toolarge': INVALID,
  'bad-txns-txouttotal-toolarge': INVALID,
  'bad-txns-inputs-duplicate': INVALID,
  'bad-cb-length': INVALID,
  'bad-cb-witness-commitment': INVALID,
  'bad-txns-prevout-null': INVALID,
  'bad-txns-locking-script': INVALID,
  'bad-txns-unlocking-script': INVALID,
  'bad-txns-nonfinal': INVALID_HERE,
  'bad-txns-inputs-missingorspent': INVALID_HERE,
  'bad-txns-premature-spend-of-coinbase': INVALID_HERE,
  'bad-txns-inputvalues-outofrange': INVALID,
  'bad-txns-in-belowout': INVALID,
  'non-BIP68-final': INVALID_HERE,
  'bad-signature': INVALID,
};

export function verdictOf(code: RejectCode): Verdict {
  return VERDICTS[code];
}

/** Points against the one who sent what was rejected. */
export function costOf(rejection: Rejection): number {
  return 'byOwner' in rejection ? 0 : verdictOf(rejection.code).cost;
}
