import { ByteReader } from '../bytes/byteReader.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import type { Annotation, Field } from './field.ts';

/** What is said of a field once it has been read. */
export type Words = Readonly<{ value?: string; meaning?: string }>;

/**
 * Reads bytes with the decoders' own reader and notes what each of them is. Where the bytes break off or break the format,
 * what is left becomes one last field, so that nothing goes unseen.
 */
export class FieldRecorder {
  readonly #bytes: Uint8Array;
  readonly #reader: ByteReader;
  readonly #maxFields: number;
  #count = 0;
  /** Of the group that is being read. */
  #fields: Field[] = [];

  /** @param maxFields when so many are noted, the items of a list that are left are noted as one */
  constructor(bytes: Uint8Array, maxFields: number) {
    this.#bytes = bytes;
    this.#reader = new ByteReader(bytes);
    this.#maxFields = maxFields;
  }

  /** One field, and what it says. @throws DecodeError after noting the bytes that are left */
  field<T>(name: string, read: (reader: ByteReader) => T, describe: (value: T) => Words = () => ({})): T {
    const start = this.#reader.offset;
    const value = this.#noting(name, start, () => read(this.#reader));
    this.#note({ name, offset: start, bytes: this.#reader.since(start), ...describe(value) });
    return value;
  }

  /** Fields that belong together. `describe` is asked when all are read. @throws DecodeError */
  group<T>(name: string, read: () => T, describe?: (value: T) => Words): T {
    const offset = this.#reader.offset;
    const outer = this.#fields;
    const parts: Field[] = [];
    this.#fields = parts;
    let words: Words = {};
    try {
      const value = read();
      words = describe?.(value) ?? {};
      return value;
    } finally {
      this.#fields = outer;
      const last = parts.at(-1);
      const end = last === undefined ? offset : last.offset + last.bytes.length;
      if (last !== undefined)
        outer.push({ name, offset, bytes: this.#bytes.subarray(offset, end), ...words, parts });
    }
  }

  /** Bytes whose parts somebody else knows: `split` gives them, offsets counted from the first of these bytes. */
  split(
    name: string,
    length: number,
    split: (bytes: Uint8Array) => readonly Field[],
    describe: (bytes: Uint8Array) => Words,
  ): Uint8Array {
    const offset = this.#reader.offset;
    const bytes = this.#noting(name, offset, () => this.#reader.bytes(length));
    if (length === 0) return bytes;
    const parts = split(bytes).map((part) => moved(part, offset));
    this.#note({ name, offset, bytes, ...describe(bytes), parts });
    this.#count += parts.length;
    return bytes;
  }

  /**
   * The items of a list, each a group of its own. Beyond the limit of fields the rest of them is one field, though of
   * every list the first `least` are noted.
   */
  list(count: number, least: number, { name, read, skip }: ListItem): void {
    let index = 0;
    for (; index < count && (index < least || this.#count < this.#maxFields); index++) {
      this.group(name(index), () => read(index));
    }
    if (index === count) return;
    const rest = count - index;
    const restName = rest === 1 ? name(index) : `${name(index)} and ${rest - 1} more`;
    const readRest = (reader: ByteReader) => {
      for (; index < count; index++) skip(reader);
    };
    this.field(restName, readRest, () => ({ meaning: 'left out here; --full shows more' }));
  }

  /** Bytes that should not be there. @throws DecodeError after noting them */
  end(): void {
    if (this.#reader.remaining > 0) {
      const offset = this.#reader.offset;
      this.#note({
        name: 'left over',
        offset,
        bytes: this.#bytes.subarray(offset),
        meaning: 'nothing should be here',
      });
    }
    this.#reader.expectEnd();
  }

  get fields(): readonly Field[] {
    return this.#fields;
  }

  #note(field: Field): void {
    this.#count++;
    this.#fields.push(field);
  }

  #noting<T>(name: string, offset: number, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof DecodeError) {
        const bytes = this.#bytes.subarray(offset);
        this.#note({ name, offset, bytes, meaning: `cannot be read: ${error.message}` });
      }
      throw error;
    }
  }
}

/** How an item of a list is named, noted, and read without noting anything. */
export type ListItem = Readonly<{
  name: (index: number) => string;
  read: (index: number) => void;
  skip: (reader: ByteReader) => unknown;
}>;

/** Annotates bytes that should be one thing and nothing else: `read` notes its fields, `decode` is the decoder that counts. */
export function annotate<T>(
  bytes: Uint8Array,
  maxFields: number,
  read: (recorder: FieldRecorder) => void,
  decode: (bytes: Uint8Array) => T,
): Annotation<T> {
  const recorder = new FieldRecorder(bytes, maxFields);
  try {
    read(recorder);
    recorder.end();
    return { fields: recorder.fields, decoded: decode(bytes) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { fields: recorder.fields, decoded: undefined, error: error.message };
  }
}

function moved(field: Field, by: number): Field {
  const parts = field.parts?.map((part) => moved(part, by));
  return { ...field, offset: field.offset + by, ...(parts && { parts }) };
}
