import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sha256d } from '../../../src/bytes/sha256.ts';
import { checkDigest, decodeCheckBatch, encodeCheckBatch } from '../../../src/crypto/checkBatch.ts';
import { generatePrivateKey, publicKeyOf, signDigest } from '../../../src/crypto/keys.ts';
import type { SignatureCheck } from '../../../src/crypto/signatureCheck.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';

const privateKey = generatePrivateKey();
const publicKey = publicKeyOf(privateKey);
const script = Uint8Array.of(0x21, ...publicKey, 0xac);

/** A check that passes; its number makes it differ from the others. */
function goodCheck(number: number): SignatureCheck {
  const template = Uint8Array.from({ length: 60 + (number % 5) }, (_, i) =>
    i === 20 ? 0 : (number + i) & 0xff,
  );
  const unsigned = { template, insertAt: 20, script, publicKey, signature: new Uint8Array() };
  return { ...unsigned, signature: signDigest(checkDigest(unsigned), privateKey) };
}

function badCheck(number: number): SignatureCheck {
  return { ...goodCheck(number), signature: goodCheck(number + 1).signature };
}

const GOOD = Array.from({ length: 40 }, (_, i) => goodCheck(i));
const BAD = badCheck(1000);

/** `length` checks of which those at `failing` fail. */
function checksWith(length: number, ...failing: number[]): SignatureCheck[] {
  return Array.from({ length }, (_, i) => (failing.includes(i) ? BAD : GOOD[i % GOOD.length]!));
}

/** Kills the worker that gets it: a script longer than any lock is a fault of the caller. */
const DEADLY: SignatureCheck = { ...GOOD[0]!, script: new Uint8Array(300) };

let pool: VerifyPool;
before(async () => {
  pool = await VerifyPool.open({ threads: 2 });
});
after(() => pool.close());

test('the digest is that of the template with the script in its place', () => {
  const template = Uint8Array.of(1, 2, 0, 3);
  const check = { ...GOOD[0]!, template, insertAt: 2, script: Uint8Array.of(0xaa, 0xbb) };
  assert.deepEqual(checkDigest(check), sha256d(Uint8Array.of(1, 2, 2, 0xaa, 0xbb, 3)));
});

test('checks survive the way through shared memory', () => {
  const bytes = fc.uint8Array({ maxLength: 75 });
  const template = fc.uint8Array({ maxLength: 300 });
  const check = fc.record({
    template,
    insertAt: fc.nat(),
    script: bytes,
    publicKey: bytes,
    signature: bytes,
  });
  fc.assert(
    fc.property(fc.array(check, { maxLength: 8 }), fc.boolean(), (checks, repeat) => {
      const sent = repeat ? [...checks, ...checks] : checks;
      const received = decodeCheckBatch(encodeCheckBatch(sent));
      assert.deepEqual(received.map(copied), sent.map(copied));
    }),
  );
});

test('no checks pass', async () => assert.equal(await pool.verify([]), undefined));

test('one check passes or fails', async () => {
  assert.equal(await pool.verify([GOOD[0]!]), undefined);
  assert.equal(await pool.verify([BAD]), 0);
});

test('a signature in another form fails', async () => {
  const negative = Uint8Array.of(...GOOD[0]!.signature, 1);
  assert.equal(await pool.verify([{ ...GOOD[0]!, signature: negative }]), 0);
});

test('of many checks, the lowest index that fails is told', async () => {
  assert.equal(await pool.verify(checksWith(3000)), undefined);
  assert.equal(await pool.verify(checksWith(3000, 2999)), 2999);
  assert.equal(await pool.verify(checksWith(3000, 2999, 260, 900, 249, 250)), 249);
  assert.equal(await pool.verify(checksWith(3000, 0, 1, 2)), 0);
});

test('calls that overlap get the answers that are theirs', async () => {
  const failing = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? undefined : (i * 7) % (i + 1)));
  const calls = failing.map((index, i) =>
    pool.verify(checksWith(i + 1, ...(index === undefined ? [] : [index]))),
  );
  calls.push(pool.verify(checksWith(700, 650, 333)));
  assert.deepEqual(await Promise.all(calls), [...failing, 333]);
});

test('large templates, each check with its own, arrive whole', async () => {
  const checks = Array.from({ length: 12 }, (_, i) => {
    const template = new Uint8Array(300_000).fill(i);
    const unsigned = { template, insertAt: i, script, publicKey, signature: new Uint8Array() };
    return { ...unsigned, signature: signDigest(checkDigest(unsigned), privateKey) };
  });
  assert.equal(await pool.verify(checks), undefined);
  assert.equal(await pool.verify([...checks.slice(0, 9), BAD, ...checks.slice(9)]), 9);
});

test('more calls at once than may wait are refused, and those that wait are answered', async () => {
  const calls = Array.from({ length: 10_100 }, () => pool.verify([BAD]));
  const results = await Promise.allSettled(calls);
  const refused = results.filter((result) => result.status === 'rejected');
  assert.ok(refused.length > 0 && refused.length < 200, `${refused.length} refused`);
  for (const { reason } of refused) assert.match(String(reason), /too many calls/);
  assert.ok(results.every((result) => result.status === 'rejected' || result.value === 0));
});

test('a worker that dies rejects what it had and is replaced', async () => {
  for (let round = 0; round < 3; round++) {
    await assert.rejects(pool.verify([DEADLY]), /worker died/);
    assert.equal(await pool.verify(checksWith(600, 400)), 400);
  }
  // Both workers at once, with work behind them.
  const deaths = Promise.allSettled([pool.verify([DEADLY]), pool.verify([DEADLY])]);
  const survivor = Promise.allSettled([pool.verify(checksWith(600))]);
  for (const result of await deaths) assert.equal(result.status, 'rejected');
  const [outcome] = await survivor;
  assert.ok(outcome.status === 'rejected' || outcome.value === undefined);
  assert.equal(await pool.verify(checksWith(600, 599)), 599);
});

for (const engine of ['native', 'wasm'] as const) {
  test(`a pool with the ${engine} engine`, async () => {
    const own = await VerifyPool.open({ threads: 1, engine });
    try {
      assert.equal(own.engine, engine);
      assert.equal(own.threads, 1);
      assert.equal(await own.verify(checksWith(300, 251)), 251);
    } finally {
      await own.close();
    }
  });
}

test('closing rejects what waits and what comes later, and can be done twice', async () => {
  const own = await VerifyPool.open({ threads: 1 });
  const calls = Array.from({ length: 5 }, () => own.verify(checksWith(2000)));
  const settled = Promise.allSettled(calls);
  await own.close();
  for (const result of await settled) {
    assert.equal(result.status, 'rejected');
    assert.match(String(result.reason), /closed/);
  }
  await assert.rejects(own.verify([GOOD[0]!]), /closed/);
  await assert.rejects(own.verify([]), /closed/);
  await own.close();
});

test('as many threads as the machine has cores, if not told otherwise', async () => {
  const own = await VerifyPool.open();
  assert.ok(own.threads >= 1);
  assert.equal(own.engine, 'native');
  await own.close();
});

function copied(check: SignatureCheck): unknown {
  const { template, insertAt, script: lock, publicKey: key, signature } = check;
  return [insertAt, ...[template, lock, key, signature].map((bytes) => Buffer.from(bytes).toString('hex'))];
}

test('a pool that is closed while its workers verify ends in good order', async () => {
  // A worker that was terminated inside the native addon took the whole process with it, within a few dozen tries.
  for (let i = 0; i < 40; i++) {
    const closing = await VerifyPool.open({ threads: 2 });
    const verdict = assert.rejects(closing.verify(checksWith(20_000)), /closed/);
    await new Promise((resolve) => setTimeout(resolve, i / 2));
    await closing.close();
    await verdict;
  }
});
