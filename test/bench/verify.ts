import { checkDigest } from '../../src/crypto/checkBatch.ts';
import { generatePrivateKey, publicKeyOf, signDigest } from '../../src/crypto/keys.ts';
import { parseSignature } from '../../src/crypto/signature.ts';
import type { SignatureCheck } from '../../src/crypto/signatureCheck.ts';
import { loadVerifyEngine } from '../../src/crypto/verifyEngine.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';

const CHECKS = 4200;
const ROUNDS = 5;

/** Signatures a second: each engine alone on the main thread, then through pools, each against its engine alone. */
export async function run(): Promise<void> {
  const checks = Array.from({ length: CHECKS }, (_, i) => signedCheck(i));
  for (const name of ['native', 'wasm'] as const) {
    const engine = await loadVerifyEngine(name);
    const prepared = checks.map((check) => ({
      digest: checkDigest(check),
      compact: parseSignature(check.signature)!,
      key: check.publicKey,
    }));
    const alone = await best(() => {
      for (const { digest, compact, key } of prepared) engine.verify(digest, compact, key);
    });
    console.log(`${name} alone: ${thousands(alone)}`);
    for (const threads of [1, 2]) {
      const pool = await VerifyPool.open({ threads, engine: name });
      const pooled = await best(() => pool.verify(checks));
      const singles = await best(() => Promise.all(checks.map((check) => pool.verify([check]))));
      await pool.close();
      console.log(
        `${name}, ${threads} thread(s): ${thousands(pooled)}, x${(pooled / alone).toFixed(2)}; ` +
          `one by one: ${thousands(singles)}, x${(singles / alone).toFixed(2)}`,
      );
    }
  }
}

/** The best rate of several rounds, in checks a second. */
async function best(round: () => unknown): Promise<number> {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await round();
    fastestMs = Math.min(fastestMs, performance.now() - start);
  }
  return (CHECKS / fastestMs) * 1000;
}

function thousands(rate: number): string {
  return `${(rate / 1000).toFixed(1)}k/s`;
}

/** As from a transaction with one input and two outputs. */
function signedCheck(number: number): SignatureCheck {
  const privateKey = generatePrivateKey();
  const publicKey = publicKeyOf(privateKey);
  const template = new Uint8Array(145);
  new DataView(template.buffer).setUint32(0, number);
  const script = Uint8Array.of(0x21, ...publicKey, 0xac);
  const unsigned = { template, insertAt: 41, script, publicKey, signature: new Uint8Array() };
  return { ...unsigned, signature: signDigest(checkDigest(unsigned), privateKey) };
}
