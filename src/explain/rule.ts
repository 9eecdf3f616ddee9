import type { RejectCode, Rejection } from '../consensus/rejection.ts';

/**
 * What came of asking one rule. `later` is a rule that was not there yet when the block was made; `unchecked` one whose
 * answer needs something that is not at hand.
 */
export type RuleStatus = 'ok' | 'broken' | 'later' | 'unchecked';

export type RuleResult = Readonly<{
  /** What breaking it is called, here and in Bitcoin Core; `decode` is that the bytes can be read at all. */
  code: RejectCode | 'decode';
  /** What it asks. */
  asks: string;
  status: RuleStatus;
  /** What the rule is about, where there are many. */
  group?: string;
  /** The values that were compared, or what is needed to compare them. */
  detail: string;
}>;

/** Something that is not known, and what it would take. */
export type Unknown = Readonly<{ needs: string }>;

export function isUnknown(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && 'needs' in value;
}

/** What every rule asks. A new code without its line does not compile. */
const ASKS: Readonly<Record<RejectCode, string>> = {
  'high-hash': 'the hash, read as a number, is below the target, and that is not easier than allowed',
  'bad-diffbits': 'the target is the one that the chain asks for at this height',
  'bad-version': 'the version is 4 or more (BIP34, BIP66, BIP65)',
  'time-too-old': 'the time is after the median of the 11 blocks before (BIP113’s clock)',
  'time-too-new': 'the time is at most two hours ahead of the clock of who checks',
  'time-timewarp-attack': 'the ends of a retarget period are not pulled apart (BIP54)',
  'bad-prevblk': 'the block before is valid',
  'duplicate-invalid': 'no block of this hash was found invalid before',
  'bad-txnmrklroot': 'the merkle root of the transactions is the one in the header',
  'bad-txns-duplicate': 'no two neighbours in the merkle tree are equal (CVE-2012-2459)',
  'bad-txns-size-64': 'no transaction has 64 bytes, as two hashes of the tree have (BIP54)',
  'bad-blk-length': 'the block is not too large',
  'bad-cb-missing': 'the first transaction makes the new coins: it is a coinbase',
  'bad-cb-multiple': 'no other transaction is a coinbase',
  'bad-blk-sigops': 'not too many outputs ask for a signature',
  'bad-cb-height': 'the coinbase begins with the height (BIP34), so no two txids are alike (BIP30)',
  'bad-cb-locktime': 'the coinbase is locked until the block before (BIP54)',
  'bad-cb-sequence': 'the coinbase does not switch its lock off (BIP54)',
  'bad-cb-amount': 'the coinbase takes no more than the subsidy and the fees',
  'bad-txns-vin-empty': 'there is an input',
  'bad-txns-vout-empty': 'there is an output',
  'bad-txns-oversize': 'no transaction is too large',
  'bad-txns-vout-toolarge': 'no amount is more than all the money there can be (CVE-2010-5139)',
  'bad-txns-txouttotal-toolarge': 'nor are the outputs of a transaction together (CVE-2010-5139)',
  'bad-txns-inputs-duplicate': 'no transaction spends the same coin twice (CVE-2018-17144)',
  'bad-cb-length': 'the coinbase’s unlocking script has 2 to 100 bytes',
  'bad-cb-witness-commitment': 'the coinbase commits to no witnesses, which nothing here has (BIP141)',
  'bad-txns-prevout-null': 'every input but a coinbase’s names a coin',
  'bad-txns-locking-script': 'every locking script is a public key’s, data, or reserved',
  'bad-txns-unlocking-script':
    'every unlocking script is one strict-DER, low-S signature (BIP66, BIP146), or empty',
  'bad-txns-nonfinal': 'no transaction is locked until later (lock time, BIP113)',
  'bad-txns-inputs-missingorspent': 'every coin that is spent exists, and was not spent before',
  'bad-txns-premature-spend-of-coinbase': 'new coins are spent only when they are deep enough in the chain',
  'bad-txns-inputvalues-outofrange': 'the coins spent are together no more than all the money',
  'bad-txns-in-belowout': 'no transaction pays out more than it spends',
  'non-BIP68-final': 'every coin is as old as the sequence of its input asks (BIP68)',
  'bad-signature': 'every signature is by the key that the coin is locked to',
};

export const ok = (code: RejectCode, detail: string) => result(code, 'ok', detail);
export const broken = (code: RejectCode, detail: string) => result(code, 'broken', detail);
export const unchecked = (code: RejectCode, { needs }: Unknown) => result(code, 'unchecked', needs);

/**
 * A rule by what its check said. A check that knows several rules stops at the first that is broken: of the others,
 * nothing is known then.
 */
export function judged(code: RejectCode, rejection: Rejection | undefined, detail: string): RuleResult {
  if (rejection === undefined) return ok(code, detail);
  if (rejection.code === code) return broken(code, detail);
  return unchecked(code, { needs: `${rejection.code} to hold first` });
}

export function inGroup(group: string, results: readonly RuleResult[]): RuleResult[] {
  return results.map((one) => ({ ...one, group }));
}

/** Whether the bytes could be read; everything else is asked only then. */
export function decodeResult(error: string | undefined, what: string): RuleResult {
  const asks = `the bytes are one ${what} and nothing else, each number in its shortest form`;
  return error === undefined
    ? { code: 'decode', asks, status: 'ok', detail: 'read to the last byte' }
    : { code: 'decode', asks, status: 'broken', detail: error };
}

/** The rules that came after the block: broken ones among them say nothing against it. */
export function withLater(
  results: readonly RuleResult[],
  later: Readonly<Partial<Record<RejectCode, string>>>,
): RuleResult[] {
  return results.map((one) => {
    const since = one.code === 'decode' ? undefined : later[one.code];
    if (since === undefined || one.status !== 'broken') return one;
    return { ...one, status: 'later', detail: `${one.detail}; ${since}` };
  });
}

function result(code: RejectCode, status: RuleStatus, detail: string): RuleResult {
  return { code, asks: ASKS[code], status, detail };
}
