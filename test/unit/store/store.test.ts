import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { makeBlock } from '../../../src/primitives/block.ts';
import { makeHeader } from '../../../src/primitives/header.ts';
import { openValue, sealValue } from '../../../src/store/checkedValue.ts';
import { decodeCoin, decodeUndo, encodeCoin, encodeUndo } from '../../../src/store/coinCodec.ts';
import { CoinSetHash } from '../../../src/store/coinSetHash.ts';
import { Database } from '../../../src/store/database.ts';
import { decodeHeaderRecord, encodeHeaderRecord } from '../../../src/store/headerRecord.ts';
import { commitKey, FORMAT_KEY } from '../../../src/store/layout.ts';
import {
  DatabaseDamagedError,
  DatabaseForeignError,
  DatabaseInUseError,
} from '../../../src/store/storeErrors.ts';
import { chainOfBlocks, makeKeys } from '../../support/blocks.ts';
import { openChain, withFolder } from '../../support/chains.ts';
import { networkWith } from '../../support/consensusCases.ts';

const coins = fc.record({
  amount: fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }),
  height: fc.nat(2 ** 31 - 1),
  isCoinbase: fc.boolean(),
  lockingScript: fc.uint8Array({ maxLength: 67 }),
});

describe('codecs of the database', () => {
  test('coins, undo data and headers come back as they were', () => {
    fc.assert(
      fc.property(fc.array(coins, { maxLength: 20 }), (list) => {
        const plain = list.map((coin) => ({ ...coin, lockingScript: Buffer.from(coin.lockingScript) }));
        assert.deepEqual(decodeUndo(encodeUndo(plain)), plain);
        for (const coin of plain) assert.deepEqual(decodeCoin(encodeCoin(coin)), coin);
      }),
    );
    const record = {
      headerBytes: Buffer.from(regtest.genesis.header.bytes),
      transactionCount: 7,
      bodyId: 3,
      undoId: 0xffffffff,
      bodyBytes: 3_000_000,
      undoBytes: 9,
      wasConnected: true,
    };
    for (const invalidBy of [undefined, 'rule', 'owner'] as const) {
      const known = { ...record, invalidBy };
      assert.deepEqual(decodeHeaderRecord(encodeHeaderRecord(known)), known);
    }
  });

  test('a sealed value notices any flipped bit, in itself or in its key', () => {
    const key = Buffer.from('key');
    const value = Buffer.from('a value of some length');
    const sealed = sealValue(key, value);
    assert.deepEqual(openValue('test', key, sealed), value);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bent = Buffer.from(sealed);
      bent[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => openValue('test', key, bent), DatabaseDamagedError);
    }
    assert.throws(() => openValue('test', Buffer.from('kez'), sealed), DatabaseDamagedError);
    assert.throws(() => openValue('test', key, sealed.subarray(0, 3)), DatabaseDamagedError);
  });

  test('the hash of a set does not depend on the order, and removing undoes adding', () => {
    const items = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 8 }), {
      selector: String,
      maxLength: 12,
    });
    fc.assert(
      fc.property(items, fc.nat(), (list, seed) => {
        const forwards = CoinSetHash.empty();
        for (const key of list) forwards.add(key);
        const shuffled = CoinSetHash.empty();
        const start = list.length === 0 ? 0 : seed % list.length;
        for (const key of [...list.slice(start), ...list.slice(0, start)]) shuffled.add(key);
        assert.deepEqual(shuffled.toBytes(), forwards.toBytes());
        for (const key of list) forwards.remove(key);
        assert.deepEqual(forwards.toBytes(), CoinSetHash.empty().toBytes());
      }),
    );
  });
});

describe('the database on disk', () => {
  let verifyPool: VerifyPool;
  const blocks = chainOfBlocks(regtest.genesis, 0, 30, makeKeys().lockingScript);
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  after(() => verifyPool.close());

  /** A closed data directory with the blocks, a commit for each. */
  async function fill(dataDir: string): Promise<void> {
    const chain = await openChain(dataDir, { verifyPool });
    for (const block of blocks) await chain.acceptBlock(block, { requested: true, source: 'test' });
    await chain.close();
  }

  test('a second process on the same folder is told so', async () => {
    await withFolder(async (dataDir) => {
      const chain = await openChain(dataDir, { verifyPool });
      await assert.rejects(openChain(dataDir, { verifyPool }), DatabaseInUseError);
      await chain.close();
    });
  });

  test('a folder of another network is refused', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const { header, transactions } = regtest.genesis;
      const genesis = makeBlock(makeHeader({ ...header, nonce: 77 }), transactions);
      const params = {
        ...networkWith({ name: 'other' }),
        genesis,
        genesisHash: hashToHex(genesis.header.hash),
      };
      await assert.rejects(openChain(dataDir, { verifyPool, params }), DatabaseForeignError);
    });
  });

  test('a commit that got lost is noticed at the next start', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const database = await Database.open(dataDir, 'chain', { cacheMb: 8, writeBufferMb: 4 });
      await database.write([], [commitKey(20)], true);
      await database.close();
      await assert.rejects(openChain(dataDir, { verifyPool }), /a commit between 19 and 21 was lost/);
    });
  });

  test('so are the first commits, and the last', async () => {
    for (const [lost, message] of [
      [[1, 2, 3], /commits before 4 were lost/],
      [[29, 30], /the commits after 28 were lost/],
    ] as const) {
      await withFolder(async (dataDir) => {
        await fill(dataDir);
        const database = await Database.open(dataDir, 'chain', { cacheMb: 8, writeBufferMb: 4 });
        await database.write([], lost.map(commitKey), true);
        await database.close();
        await assert.rejects(openChain(dataDir, { verifyPool }), message);
      });
    }
  });

  test('a newer format is refused', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const database = await Database.open(dataDir, 'chain', { cacheMb: 8, writeBufferMb: 4 });
      await database.write([[FORMAT_KEY, Uint8Array.of(3, 0, 0, 0)]], [], true);
      await database.close();
      await assert.rejects(
        openChain(dataDir, { verifyPool }),
        /newer version of IndieCoin \(format 3, this one knows 2\)/,
      );
    });
  });

  test('blocks that are gone are named, and their ids not given again', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      await rm(join(dataDir, 'blocks'), { recursive: true });
      // Twice: the first failure has let go of the locks.
      for (let i = 0; i < 2; i++) {
        await assert.rejects(openChain(dataDir, { verifyPool }), {
          name: 'DatabaseDamagedError',
          message: 'block record 1 is missing',
        });
      }
    });
  });

  test('the copy of the headers is used when it fits, and passed over when it is old or damaged', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      const path = join(dataDir, 'chain', 'headers');
      const copy = await readFile(path);
      const more = chainOfBlocks(blocks.at(-1)!, 30, 1, makeKeys().lockingScript)[0]!;
      const chain = await openChain(dataDir, { verifyPool });
      assert.equal(chain.tip.height, 30);
      await chain.acceptBlock(more, { requested: true, source: 'test' });
      await chain.close();
      const newCopy = await readFile(path);
      assert.equal(newCopy.length - copy.length, 137);
      for (const bytes of [copy, newCopy.subarray(0, -1), Buffer.alloc(0), bent(newCopy, 200), newCopy]) {
        await writeFile(path, bytes);
        const again = await openChain(dataDir, { verifyPool });
        assert.equal(again.tip.hash, hashToHex(more.header.hash));
        assert.equal(again.node(hashToHex(more.header.hash))?.bodyBytes, more.bytes.length);
        assert.deepEqual(await again.readBlock(again.tip.hash), Buffer.from(more.bytes));
        await again.close();
        assert.deepEqual(await readFile(path), newCopy);
      }
    });
  });

  test('a flipped bit anywhere in the tables never goes unnoticed as another coin, header or block', async () => {
    await withFolder(async (dataDir) => {
      await fill(dataDir);
      // Opening once more moves what was in the log into tables.
      await (await openChain(dataDir, { verifyPool })).close();
      const expected = await contents(await openChain(dataDir, { verifyPool }));
      const files = await tables(dataDir);
      assert.ok(files.length > 0);
      let noticed = 0;
      for (let n = 0; n < 60; n++) {
        const file = files[n % files.length]!;
        const trial = `${dataDir}-${n}`;
        await cp(dataDir, trial, { recursive: true });
        const bent = await readFile(join(trial, file));
        const bit = Math.floor(((n * 0.618034) % 1) * bent.length * 8);
        bent[bit >> 3]! ^= 1 << (bit & 7);
        await writeFile(join(trial, file), bent);
        try {
          const found = await contents(await openChain(trial, { verifyPool }));
          // Where the bit does not matter (padding, a filter) the contents must be what they were.
          assert.deepEqual(found, expected, `bit ${bit} of ${file}`);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          noticed++;
        } finally {
          await rm(trial, { recursive: true, force: true });
        }
      }
      assert.ok(noticed > 0, 'no flipped bit was noticed at all');
    });
  });

  async function tables(dataDir: string): Promise<string[]> {
    const found: string[] = [];
    for (const folder of ['chain', 'blocks']) {
      for (const name of await readdir(join(dataDir, folder))) {
        if (name.endsWith('.ldb')) found.push(join(folder, name));
      }
    }
    return found;
  }

  /** All that can be read, and the chain closed again, whatever happens. */
  async function contents(chain: Chain): Promise<unknown> {
    try {
      const read = [];
      for (let height = 0; height <= 30; height++) {
        const node = chain.nodeAt(height)!;
        read.push(node.hash, Buffer.from((await chain.readBlock(node.hash))!).toString('hex'));
      }
      const recounted = await chain.recountCoins();
      if (recounted.coinSetHash !== chain.coinSet.coinSetHash)
        throw new Error('the coins are not those counted');
      return [read, recounted];
    } finally {
      await chain.close();
    }
  }
});

function bent(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
}
