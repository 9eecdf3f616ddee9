/**
 * Every way in which a header, transaction or block can break a rule, with the numbers that show it. The codes are
 * Bitcoin Core's reject reasons where it has the rule, so that people and programs that know those know these.
 */
export type Rejection = HeaderRejection | BlockRejection | TransactionRejection | SpendRejection;

export type HeaderRejection =
  | { code: 'high-hash'; hash: string; bits: number }
  | { code: 'bad-diffbits'; bits: number; expected: number }
  | { code: 'bad-version'; version: number }
  | { code: 'time-too-old'; timeSec: number; medianTimeSec: number }
  | { code: 'time-too-new'; timeSec: number; maxTimeSec: number }
  | { code: 'time-timewarp-attack'; timeSec: number; minTimeSec: number }
  /** `byOwner`: no rule condemned the block, but the one who runs this node; whoever sends it is blameless. */
  | { code: 'bad-prevblk'; previousHash: string; byOwner?: true }
  | { code: 'duplicate-invalid'; hash: string; byOwner?: true };

export type BlockRejection =
  | { code: 'bad-txnmrklroot'; root: string; expected: string }
  | { code: 'bad-txns-duplicate' }
  | { code: 'bad-txns-size-64' }
  | { code: 'bad-blk-length'; bytes: number; maxBytes: number }
  | { code: 'bad-cb-missing' }
  | { code: 'bad-cb-multiple'; index: number }
  | { code: 'bad-blk-sigops'; count: number; max: number }
  | { code: 'bad-cb-height'; height: number }
  | { code: 'bad-cb-locktime'; lockTime: number; expected: number }
  | { code: 'bad-cb-sequence' }
  | { code: 'bad-cb-amount'; amount: bigint; max: bigint };

export type TransactionRejection =
  | { code: 'bad-txns-vin-empty' }
  | { code: 'bad-txns-vout-empty' }
  | { code: 'bad-txns-oversize'; bytes: number; maxBytes: number }
  | { code: 'bad-txns-size-64' }
  | { code: 'bad-txns-vout-toolarge'; output: number; amount: bigint }
  | { code: 'bad-txns-txouttotal-toolarge'; total: bigint }
  | { code: 'bad-txns-inputs-duplicate'; input: number }
  | { code: 'bad-cb-length'; bytes: number }
  | { code: 'bad-cb-witness-commitment'; output: number }
  | { code: 'bad-txns-prevout-null'; input: number }
  | { code: 'bad-txns-locking-script'; output: number }
  | { code: 'bad-txns-unlocking-script'; input: number };

export type SpendRejection =
  | { code: 'bad-txns-nonfinal'; lockTime: number }
  | { code: 'bad-txns-inputs-missingorspent'; input: number }
  | { code: 'bad-txns-premature-spend-of-coinbase'; input: number; depth: number }
  | { code: 'bad-txns-inputvalues-outofrange'; total: bigint }
  | { code: 'bad-txns-in-belowout'; inputs: bigint; outputs: bigint }
  | { code: 'non-BIP68-final'; input: number }
  | { code: 'bad-signature'; input: number };

export type RejectCode = Rejection['code'];
