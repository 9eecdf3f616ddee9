import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignatureDesk } from '../../../src/chain/signatureDesk.ts';
import { checkDigest } from '../../../src/crypto/checkBatch.ts';
import { signDigest } from '../../../src/crypto/keys.ts';
import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import { makeKeys } from '../../support/blocks.ts';

test('a chain of very many blocks with a signature each is not too much for the workers', async () => {
  const { privateKey, publicKey, lockingScript } = makeKeys();
  const unsigned = { template: new Uint8Array(100), insertAt: 41, script: lockingScript, publicKey };
  const signature = signDigest(checkDigest({ ...unsigned, signature: new Uint8Array() }), privateKey);
  const verifyPool = await VerifyPool.open({ threads: 1 });
  const desk = new SignatureDesk(verifyPool, () => false);
  try {
    const answers: Promise<number | undefined>[] = [];
    for (let i = 0; i < 12_000; i++) answers.push((await desk.handOut([{ ...unsigned, signature }])).answer);
    assert.deepEqual([...new Set(await Promise.all(answers))], [undefined]);
  } finally {
    await verifyPool.close();
  }
});
