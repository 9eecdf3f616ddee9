import type { ByteReader } from '../bytes/byteReader.ts';
import { hashToHex } from '../bytes/hex.ts';
import { coinbaseHeightScript } from '../consensus/coinbaseHeight.ts';
import {
  LOCK_TIME_THRESHOLD,
  SEQUENCE_DISABLE,
  SEQUENCE_FINAL,
  SEQUENCE_IS_TIME,
  SEQUENCE_MASK,
  SEQUENCE_UNIT_SEC,
} from '../consensus/lockTime.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import {
  decodeTransaction,
  isNullOutpoint,
  MIN_INPUT_BYTES,
  MIN_OUTPUT_BYTES,
  type Transaction,
} from '../primitives/transaction.ts';
import {
  describeLock,
  describeUnlocking,
  splitCoinbaseScript,
  splitLockingScript,
  splitUnlockingScript,
} from './annotateScript.ts';
import type { Annotation } from './field.ts';
import { annotate, type FieldRecorder, type Words } from './fieldRecorder.ts';
import { coins, date, plural, whole } from './words.ts';

/** An input up to it says that its transaction may be replaced. */
const MAX_REPLACEABLE = 0xffff_fffd;

/** Inputs and outputs of each kind that are always shown, so that a usual payment is whole or left out. */
const LEAST_ITEMS = 4;

/** What is known of a transaction besides its bytes. */
export type TransactionSetting = Readonly<{
  params: NetworkParams;
  /** Of the block that it is in, if that is known. */
  height?: number;
  /** Set where the bytes are what the signature of this input signs. */
  signedInput?: number;
}>;

/** The fields of bytes that should be one transaction. */
export function annotateTransaction(
  bytes: Uint8Array,
  setting: TransactionSetting,
  maxFields: number,
): Annotation<Transaction> {
  const read = (recorder: FieldRecorder) => recordTransaction(recorder, setting);
  return annotate(bytes, maxFields, read, decodeTransaction);
}

/** Notes the fields of the next transaction. @throws DecodeError */
export function recordTransaction(recorder: FieldRecorder, setting: TransactionSetting): void {
  recorder.field(
    'version',
    (reader) => reader.i32(),
    (version) => ({
      value: String(version),
      ...(version >>> 0 >= 2 && { meaning: 'from 2 on, sequence numbers can hold a coin back (BIP68)' }),
    }),
  );
  const inputs = recordCount(recorder, 'inputs', MIN_INPUT_BYTES);
  recorder.list(inputs, LEAST_ITEMS, {
    name: (i) => `input ${i}`,
    read: (i) => recordInput(recorder, i, setting),
    skip: skipInput,
  });
  const outputs = recordCount(recorder, 'outputs', MIN_OUTPUT_BYTES);
  recorder.list(outputs, LEAST_ITEMS, {
    name: (i) => `output ${i}`,
    read: () => recordOutput(recorder, setting),
    skip: skipOutput,
  });
  recorder.field('lock time', (reader) => reader.u32(), describeLockTime);
}

export function recordCount(recorder: FieldRecorder, name: string, minItemBytes: number): number {
  return recorder.field(
    `number of ${name}`,
    (reader) => reader.count(minItemBytes),
    (count) => ({ value: String(count), meaning: describeCompactSize(count) }),
  );
}

function recordInput(recorder: FieldRecorder, index: number, setting: TransactionSetting): void {
  const txHash = recorder.field('from transaction', (reader) => reader.bytes(32), describeSource);
  const output = recorder.field(
    'its output number',
    (reader) => reader.u32(),
    (value) => (isNullOutpoint({ txHash, index: value }) ? { value: 'none' } : { value: String(value) }),
  );
  const isOfCoinbase = isNullOutpoint({ txHash, index: output });
  const length = recordLength(recorder);
  recordUnlocking(recorder, length, setting, isOfCoinbase, index);
  recorder.field('sequence', (reader) => reader.u32(), describeSequence);
}

function recordUnlocking(
  recorder: FieldRecorder,
  length: number,
  setting: TransactionSetting,
  isOfCoinbase: boolean,
  index: number,
): void {
  const { signedInput, height, params } = setting;
  if (signedInput === index) {
    const meaning = 'for signing, the lock of the coin stands where the signature will be';
    const describe = (script: Uint8Array) => ({ value: describeLock(script, params).value ?? '', meaning });
    recorder.split('lock of the coin', length, splitLockingScript, (script) =>
      withoutEmpty(describe(script)),
    );
    return;
  }
  if (isOfCoinbase) {
    const push = height === undefined ? undefined : coinbaseHeightScript(height);
    const meaning = 'unlocks nothing: the miner writes here what it likes';
    recorder.split(
      'coinbase script',
      length,
      (script) => splitCoinbaseScript(script, push),
      () => ({ meaning }),
    );
    return;
  }
  recorder.split('unlocking script', length, splitUnlockingScript, describeUnlocking);
}

function withoutEmpty({ value, meaning }: { value: string; meaning: string }): Words {
  return value === '' ? { meaning } : { value, meaning };
}

function recordOutput(recorder: FieldRecorder, { params }: TransactionSetting): void {
  recorder.field(
    'amount',
    (reader) => reader.u64(),
    (amount) => ({ value: `${coins(amount)} coins`, meaning: `${whole(amount)} base units` }),
  );
  const length = recordLength(recorder);
  recorder.split('locking script', length, splitLockingScript, (script) => describeLock(script, params));
}

function recordLength(recorder: FieldRecorder): number {
  return recorder.field(
    'script length',
    (reader) => reader.compactSize(),
    // Said once, where things are counted: nearly all scripts are short.
    (length) => ({
      value: plural(length, 'byte'),
      ...(length >= 0xfd && { meaning: describeCompactSize(length) }),
    }),
  );
}

/** How the number is written. */
function describeCompactSize(value: number): string {
  if (value < 0xfd) return 'CompactSize: below 253, one byte';
  if (value <= 0xffff) return 'CompactSize: fd, then two bytes';
  return 'CompactSize: fe, then four bytes';
}

function describeSource(txHash: Uint8Array): Words {
  if (txHash.every((byte) => byte === 0))
    return { value: hashToHex(txHash), meaning: 'nowhere: these coins are new' };
  return { value: hashToHex(txHash), meaning: 'its txid; hashes are shown last byte first' };
}

function describeSequence(sequence: number): Words {
  const value = sequence.toString(16).padStart(8, '0');
  if (sequence === SEQUENCE_FINAL) return { value, meaning: 'final: no lock time, no waiting' };
  if (sequence >= SEQUENCE_DISABLE) {
    const replaceable = sequence <= MAX_REPLACEABLE ? ', and it may be replaced (BIP125)' : '';
    return { value, meaning: `the lock time counts${replaceable}` };
  }
  const age = sequence & SEQUENCE_MASK;
  const wait =
    (sequence & SEQUENCE_IS_TIME) === 0 ? plural(age, 'block') : `${whole(age * SEQUENCE_UNIT_SEC)} seconds`;
  return { value, meaning: `from version 2 on: the coin must be ${wait} old (BIP68)` };
}

function describeLockTime(lockTime: number): Words {
  const value = String(lockTime);
  if (lockTime === 0) return { value, meaning: 'not locked' };
  if (lockTime < LOCK_TIME_THRESHOLD) return { value, meaning: `a height: not in a block up to ${lockTime}` };
  return { value, meaning: `a time: not before ${date(lockTime)}` };
}

function skipInput(reader: ByteReader): void {
  reader.bytes(36);
  reader.bytes(reader.compactSize());
  reader.u32();
}

function skipOutput(reader: ByteReader): void {
  reader.u64();
  reader.bytes(reader.compactSize());
}
