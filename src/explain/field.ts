/**
 * Some bytes and what they mean. A field with parts is nothing but these, one behind the other without a gap, so that the
 * fields without parts cover every byte of what was annotated, in order.
 */
export type Field = Readonly<{
  /** Of its first byte in the whole. */
  offset: number;
  bytes: Uint8Array;
  name: string;
  /** What the bytes say, decoded: a number, a hash as people read it, an amount. */
  value?: string;
  /** What that is good for, in words. */
  meaning?: string;
  parts?: readonly Field[];
}>;

/** What decoding gave, and if it came to no end, why. */
export type Annotation<T> = Readonly<{
  fields: readonly Field[];
  /** Undefined when the bytes are not what they should be. */
  decoded: T | undefined;
  /** What is wrong with them. */
  error?: string;
}>;

/** The fields that have no parts, in order. */
export function* leavesOf(fields: readonly Field[]): Generator<Field> {
  for (const field of fields) {
    if (field.parts === undefined) yield field;
    else yield* leavesOf(field.parts);
  }
}
