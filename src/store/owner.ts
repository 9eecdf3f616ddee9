import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ByteReader } from '../bytes/byteReader.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { ByteWriter } from '../bytes/byteWriter.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { networks } from '../params/networks.ts';
import { BLOCKS_FOLDER } from './blockStore.ts';
import type { Database } from './database.ts';
import { FORMAT_KEY, NETWORK_KEY } from './layout.ts';
import { DatabaseDamagedError, DatabaseForeignError } from './storeErrors.ts';

/** Of the keys and values in layout.ts; a program refuses any other than its own. 2: block records in chunks. */
const FORMAT = 2;

/** Marks a new chain database as this network's. @throws DatabaseDamagedError when there was one already, and it is gone */
export async function claimDatabase(
  database: Database,
  dataDir: string,
  params: NetworkParams,
): Promise<void> {
  if ((await database.lastKey()) !== undefined) {
    if ((await database.get('network', NETWORK_KEY)) !== undefined) return;
    throw new DatabaseDamagedError(`${join(dataDir, 'chain')}: the name of its network is missing`);
  }
  // The blocks' database is made after this one was claimed, never before.
  if (existsSync(join(dataDir, BLOCKS_FOLDER, 'CURRENT'))) {
    throw new DatabaseDamagedError(`${join(dataDir, 'chain')} is empty, and the blocks of a chain are there`);
  }
  const { hash } = params.genesis.header;
  await database.write(
    [
      [NETWORK_KEY, hash],
      [FORMAT_KEY, encodeFormat()],
    ],
    [],
    true,
  );
}

/** @throws DatabaseForeignError when the database is another network's */
export async function expectNetwork(
  database: Database,
  dataDir: string,
  params: NetworkParams,
): Promise<void> {
  const network = await database.get('network', NETWORK_KEY);
  if (!network || equalBytes(network, params.genesis.header.hash)) return;
  const genesis = hashToHex(network);
  const known = networks.find(({ genesisHash }) => genesisHash === genesis);
  const other = known ? known.name : `another network (genesis ${genesis})`;
  throw new DatabaseForeignError(`${dataDir} holds the chain of ${other}, not of ${params.name}`);
}

/** @throws DatabaseForeignError when another version of the program wrote it, and this one cannot read it */
export async function expectFormat(
  database: Database,
  dataDir: string,
  options: { orOlder?: boolean } = {},
): Promise<void> {
  const value = await database.get('format', FORMAT_KEY);
  if (!value) throw new DatabaseDamagedError(`${join(dataDir, 'chain')}: its format is missing`);
  const format = new ByteReader(value).u32();
  if (format > FORMAT) {
    throw new DatabaseForeignError(
      `${dataDir} was written by a newer version of IndieCoin (format ${format}, this one knows ${FORMAT})`,
    );
  }
  if (format < FORMAT && options.orOlder !== true) {
    throw new DatabaseForeignError(
      `${dataDir} was written by an older version of IndieCoin (format ${format}): ` +
        '`indiecoin node --reindex` makes it anew from the stored blocks',
    );
  }
}

export function encodeFormat(): Uint8Array {
  return new ByteWriter(4).u32(FORMAT).finish();
}
