import { createRequire } from 'node:module';
import { COMPACT_BYTES } from './signature.ts';

/**
 * Verifies ECDSA signatures on secp256k1. The engines give equal verdicts on every input (a difference between two
 * nodes would split the chain), which their tests hold them to on hostile vectors.
 */
export interface VerifyEngine {
  readonly name: VerifyEngineName;
  /**
   * Whether `compact` (R and S, 64 bytes; high S is refused) signs the 32-byte digest with that public key: 33 bytes with
   * prefix 02 or 03, or 65 with 04, on the curve. Bytes of any other kind are false, never an error.
   */
  verify(digest: Uint8Array, compact: Uint8Array, publicKey: Uint8Array): boolean;
}

export type VerifyEngineName = 'native' | 'wasm';

const DIGEST_BYTES = 32;

/**
 * The native engine (a C library, prebuilt for common platforms), or where it cannot be loaded the one in WebAssembly,
 * which has a third of its speed; with `force`, that one or an error.
 */
export async function loadVerifyEngine(force?: VerifyEngineName): Promise<VerifyEngine> {
  if (force === 'wasm') return loadWasmEngine();
  try {
    return loadNativeEngine();
  } catch (cause) {
    if (force === 'native') throw new Error('no native signature engine for this platform', { cause });
    return loadWasmEngine();
  }
}

/** `secp256k1/bindings.js` is CommonJS without types; this is what we use of it. */
type NativeBinding = {
  /** Throws for a signature or key that cannot be parsed. */
  ecdsaVerify(compact: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
};

/** What the binding says of bytes that are not a signature or a key. Whatever else it throws is a fault of ours. */
const NATIVE_PARSE_ERRORS = new Set(['Signature could not be parsed', 'Public Key could not be parsed']);

function loadNativeEngine(): VerifyEngine {
  // The package's main entry would fall back, silently, to a JavaScript curve that is slower than our own fallback.
  const binding: NativeBinding = createRequire(import.meta.url)('secp256k1/bindings.js');
  return {
    name: 'native',
    verify(digest, compact, publicKey) {
      if (!isWellFormed(digest, compact, publicKey)) return false;
      try {
        return binding.ecdsaVerify(compact, digest, publicKey);
      } catch (error) {
        if (error instanceof Error && NATIVE_PARSE_ERRORS.has(error.message)) return false;
        throw error;
      }
    },
  };
}

async function loadWasmEngine(): Promise<VerifyEngine> {
  // The package's main entry would load a compiler and two virtual machines too.
  const { instantiateSecp256k1 } = await import('@bitauth/libauth/build/lib/crypto/secp256k1.js');
  const secp256k1 = await instantiateSecp256k1();
  return {
    name: 'wasm',
    verify(digest, compact, publicKey) {
      return (
        isWellFormed(digest, compact, publicKey) &&
        secp256k1.verifySignatureCompactLowS(compact, publicKey, digest)
      );
    },
  };
}

/** Lengths and prefix, which the libraries see differently: both take the hybrid keys 06 and 07, noble does not. */
function isWellFormed(digest: Uint8Array, compact: Uint8Array, publicKey: Uint8Array): boolean {
  return digest.length === DIGEST_BYTES && compact.length === COMPACT_BYTES && hasKeyForm(publicKey);
}

function hasKeyForm(publicKey: Uint8Array): boolean {
  const prefix = publicKey[0];
  return publicKey.length === 33
    ? prefix === 0x02 || prefix === 0x03
    : publicKey.length === 65 && prefix === 0x04;
}
