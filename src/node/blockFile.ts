import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { ByteWriter } from '../bytes/byteWriter.ts';
import type { NetworkParams } from '../params/networkParams.ts';

/**
 * Bitcoin's bootstrap.dat: blocks one after the other, each behind the network's magic and its length,
 * `1ed1ec03 | 1d010000 | 285 bytes | 1ed1ec03 | …`. Bytes between two blocks are skipped, as Bitcoin Core skips them.
 */
const FRAME_BYTES = 8;
const MIN_BLOCK_BYTES = 81;
/** More than any network allows, so that a block that is too large is refused by its rule, and not passed over. */
const MAX_FRAMED_BYTES = 8_000_000;
const CHUNK_BYTES = 1024 * 1024;

/** A block of the file, and where the next one may begin. */
export type FramedBlock = Readonly<{ bytes: Uint8Array; endsAt: number }>;

/** The blocks of a file in its order. A file that ends within a block ends before it, and `onCutOff` is told. */
export async function* readBlockFile(
  path: string,
  params: NetworkParams,
  onCutOff: () => void,
): AsyncGenerator<FramedBlock> {
  const magic = Buffer.from(params.magic);
  let buffer: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    buffer = Buffer.concat([buffer, chunk as Buffer]);
    for (;;) {
      const start = buffer.indexOf(magic);
      // All but what may be the beginning of a magic that the next chunk ends.
      const skipped = start < 0 ? Math.max(0, buffer.length - magic.length + 1) : start;
      buffer = buffer.subarray(skipped);
      offset += skipped;
      if (start < 0 || buffer.length < FRAME_BYTES) break;
      const length = buffer.readUInt32LE(magic.length);
      if (length < MIN_BLOCK_BYTES || length > MAX_FRAMED_BYTES) {
        buffer = buffer.subarray(1);
        offset++;
        continue;
      }
      const end = FRAME_BYTES + length;
      if (buffer.length < end) break;
      offset += end;
      // A copy, because the rest of the buffer must not live as long as the block.
      yield { bytes: Uint8Array.from(buffer.subarray(FRAME_BYTES, end)), endsAt: offset };
      buffer = buffer.subarray(end);
    }
  }
  if (buffer.indexOf(magic) === 0) onCutOff();
}

/** Writes blocks to a file that has its name only when it is whole. */
export async function writeBlockFile(
  path: string,
  blocks: AsyncIterable<Uint8Array>,
  params: NetworkParams,
): Promise<void> {
  const partial = `${path}.part`;
  const stream = createWriteStream(partial);
  // Whenever it comes, also between two waits: without anybody who listens it would end the process.
  const failure = new Promise<never>((_, reject) => stream.on('error', reject));
  failure.catch(() => undefined);
  const event = (name: string) => Promise.race([once(stream, name), failure]);
  try {
    await event('open');
    for await (const bytes of blocks) {
      const frame = new ByteWriter(FRAME_BYTES).bytes(params.magic).u32(bytes.length).finish();
      stream.write(frame);
      if (!stream.write(bytes)) await event('drain');
    }
    stream.end();
    await event('finish');
    const file = await open(partial, 'r+');
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (error) {
    stream.destroy();
    await rm(partial, { force: true });
    throw error;
  }
}
