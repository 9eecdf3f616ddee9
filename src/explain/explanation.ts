import type { TransactionBlock } from './chainContext.ts';
import type { Field } from './field.ts';
import type { MerkleStep } from './merkle.ts';
import type { HashSteps, ProofOfWork } from './proofOfWork.ts';
import type { RuleResult, Unknown } from './rule.ts';
import type { PlacedSignature } from './spendings.ts';

/** How much is told. */
export type Detail = Readonly<{
  /** When so many fields are noted, what is left of a list becomes one. */
  maxFields: number;
  /** Signatures that are shown with what they sign. */
  maxReports: number;
}>;

export type HeaderExplanation = Readonly<{
  kind: 'header';
  fields: readonly Field[];
  error?: string;
  height?: number;
  /** The first block: valid by its hash alone. */
  isGenesis?: boolean;
  proof?: ProofOfWork;
  rules: readonly RuleResult[];
}>;

export type BlockExplanation = Readonly<{
  kind: 'block';
  bytes: number;
  fields: readonly Field[];
  error?: string;
  height?: number;
  /** The first block: valid by its hash alone. */
  isGenesis?: boolean;
  timeSec?: number;
  /** How many; undefined when the bytes are no block. */
  transactions?: number;
  proof?: ProofOfWork;
  merkle?: Readonly<{ levels: readonly (readonly Uint8Array[])[]; headerRoot: Uint8Array; isRoot: boolean }>;
  money?: Readonly<{ taken: bigint; subsidy?: bigint; fees?: bigint }>;
  signatures: readonly (PlacedSignature & Readonly<{ fields: readonly Field[] }>)[];
  /** How many more there are. */
  furtherSignatures: number;
  rules: readonly RuleResult[];
}>;

/** A coin that an input names, as far as it is known. */
export type SpentCoin = Readonly<{
  txid: string;
  output: number;
  amount?: bigint;
  /** Of the block that made it. */
  height?: number;
  isCoinbase?: boolean;
  /** Whose it was. */
  lock?: string;
}>;

export type MadeCoin = Readonly<{
  amount: bigint;
  lock: string;
  /** It goes back to a lock that a coin of the inputs had. */
  isChange: boolean;
}>;

export type TransactionExplanation = Readonly<{
  kind: 'transaction';
  fields: readonly Field[];
  error?: string;
  isCoinbase: boolean;
  hash?: HashSteps;
  money?: Readonly<{
    inputs?: bigint;
    outputs: bigint;
    fee?: bigint;
    spent: readonly SpentCoin[];
    made: readonly MadeCoin[];
  }>;
  block: TransactionBlock | Unknown;
  merkle?: Readonly<{
    steps: readonly MerkleStep[];
    own: Uint8Array;
    headerRoot: Uint8Array;
    isRoot: boolean;
  }>;
  signatures: BlockExplanation['signatures'];
  furtherSignatures: number;
  rules: readonly RuleResult[];
}>;

export type Explanation = HeaderExplanation | BlockExplanation | TransactionExplanation;

/** Whether a rule that counts was found broken. */
export function isBroken({ rules }: Explanation): boolean {
  return rules.some(({ status }) => status === 'broken');
}
