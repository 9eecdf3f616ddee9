import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { readFileIfAny, writeFileAtomic } from '../bytes/atomicFile.ts';
import { IdentityError } from './identityError.ts';

export const IDENTITY_FILE = 'identity.key';
/** Read and written by the owner alone. */
const MODE = 0o600;

/**
 * The node's Ed25519 key, made at the first start: libp2p does not keep one, and the addresses that others remember end
 * in the peer id that comes from it.
 * @throws IdentityError when the file is there and is not a key: a new identity must not replace it unasked.
 */
export async function loadIdentity(dataDir: string): Promise<PrivateKey> {
  const path = join(dataDir, IDENTITY_FILE);
  const known = await readIdentity(dataDir);
  if (known === undefined) {
    const key = await generateKeyPair('Ed25519');
    await writeFileAtomic(path, privateKeyToProtobuf(key), MODE);
    return key;
  }
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) await chmod(path, MODE);
  return known;
}

/** The key of a data directory, if it has one. @throws IdentityError when the file is there and is not a key */
export async function readIdentity(dataDir: string): Promise<PrivateKey | undefined> {
  const path = join(dataDir, IDENTITY_FILE);
  const bytes = await readFileIfAny(path);
  return bytes && (await decodeKey(bytes, path));
}

async function decodeKey(bytes: Uint8Array, path: string): Promise<PrivateKey> {
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type === 'Ed25519') {
      await expectWhole(key);
      return key;
    }
  } catch (cause) {
    throw new IdentityError(`${path} is not a node identity. Restore it, or remove it to get a new one.`, {
      cause,
    });
  }
  throw new IdentityError(`${path} holds another kind of key than Ed25519.`);
}

/** Its two halves are read one beside the other: with a flipped bit in either nobody could connect to us. */
async function expectWhole(key: PrivateKey): Promise<void> {
  const message = Buffer.from('any');
  if (!(await key.publicKey.verify(message, await key.sign(message)))) throw new Error('its halves differ');
}
