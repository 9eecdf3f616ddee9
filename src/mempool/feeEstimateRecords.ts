import { ByteReader } from '../bytes/byteReader.ts';
import { crc32 } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { DecodeError } from '../bytes/decodeError.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { FeeEstimator } from './feeEstimator.ts';
import { openSealed, readHead, writeHead } from './mempoolRecords.ts';

/** Older estimates say nothing of the fees of today (Bitcoin Core's MAX_FILE_AGE). */
const MAX_AGE_SEC = 60 * 3600;

/**
 * The file of what the estimator has learned, little-endian:
 *
 *     magic 4 | version u32 = 1 | genesis hash 32 | written at, seconds since 1970, u64
 *     height of the last block u32 | heights between which transactions were counted u32, u32
 *     the averages of the three horizons, f64 each, as many as they have
 *     CRC-32 of all before it u32
 */
export function encodeFeeEstimates(
  estimator: FeeEstimator,
  params: NetworkParams,
  nowSec: number,
): Uint8Array {
  const { first, last } = estimator.span();
  const writer = writeHead(new ByteWriter(), params).u64(BigInt(nowSec));
  writer.u32(estimator.bestHeight).u32(first).u32(last);
  for (const average of averagesOf(estimator)) {
    const bytes = Buffer.alloc(average.length * 8);
    for (const [i, value] of average.entries()) bytes.writeDoubleLE(value, i * 8);
    writer.bytes(bytes);
  }
  const body = writer.finish();
  return new ByteWriter(body.length + 4).bytes(body).u32(crc32(body)).finish();
}

/**
 * Fills an estimator that has seen nothing yet. False when the file is too old to be of use.
 * @throws DecodeError when it is another network's, of a later version, or damaged
 */
export function decodeFeeEstimates(
  file: Uint8Array,
  estimator: FeeEstimator,
  params: NetworkParams,
  nowSec: number,
): boolean {
  const reader = new ByteReader(openSealed(file));
  readHead(reader, params);
  const writtenSec = Number(reader.u64());
  const bestHeight = reader.u32();
  const history = { first: reader.u32(), last: reader.u32() };
  const averages = averagesOf(estimator);
  const values = averages.map(({ length }) => readDoubles(reader, length));
  reader.expectEnd();
  if (history.first > history.last || history.last > bestHeight) throw new DecodeError('heights in no order');
  if (nowSec - writtenSec > MAX_AGE_SEC) return false;
  for (const [i, average] of averages.entries()) average.set(values[i]!);
  estimator.restore(bestHeight, history);
  return true;
}

function readDoubles(reader: ByteReader, count: number): Float64Array {
  const bytes = Buffer.from(reader.bytes(count * 8));
  const values = Float64Array.from({ length: count }, (_, i) => bytes.readDoubleLE(i * 8));
  if (!values.every((value) => Number.isFinite(value) && value >= 0))
    throw new DecodeError('an average that no count can have');
  return values;
}

function averagesOf({ short, medium, long }: FeeEstimator): readonly Float64Array[] {
  return [short, medium, long].flatMap(({ averages }) => averages);
}
