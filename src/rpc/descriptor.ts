import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { lockTypeOf, payToPublicKey, publicKeyIn } from '../consensus/lockingScript.ts';
import { AddressError, decodeAddress } from '../crypto/address.ts';
import { isOnCurve } from '../crypto/keys.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';

const INPUT_CHARSET =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];
const CHECKSUM_LENGTH = 8;
/** A descriptor of one key or script is far shorter; the checksum takes a step for every character. */
const MAX_LENGTH = 20_100;

/**
 * The script that an output descriptor stands for: `pk(KEY)`, `combo(KEY)`, `addr(ADDRESS)` or `raw(HEX)` (BIP380, 381,
 * 384, 385), with or without its checksum. There are no other scripts here that one could look for, and no keys of a
 * tree: those are the wallet's. @throws RpcError -5
 */
export function readDescriptor(descriptor: string, params: NetworkParams): Uint8Array {
  const [body = '', checksum, more] = descriptor.slice(0, MAX_LENGTH).split('#');
  if (more !== undefined) throw invalid("Multiple '#' symbols");
  if (checksum !== undefined) checkChecksum(body, checksum);
  const [, name, argument] = /^([a-z]+)\((.*)\)$/s.exec(body) ?? [];
  switch (name) {
    case 'pk':
    case 'combo':
      return payToPublicKey(readKey(argument!, name));
    case 'addr':
      return payToPublicKey(readAddress(argument!, params));
    case 'raw':
      if (!/^([0-9a-f]{2})*$/i.test(argument!)) throw invalid('Raw script is not hex');
      return hexToBytes(argument!);
    default:
      throw invalid(`'${body.slice(0, 40)}' is not a valid descriptor function: pk, combo, addr and raw are`);
  }
}

/** What describes a locking script best, with its checksum. */
export function describeScript(script: Uint8Array): string {
  const body =
    lockTypeOf(script) === 'public-key'
      ? `pk(${bytesToHex(publicKeyIn(script))})`
      : `raw(${bytesToHex(script)})`;
  return `${body}#${checksumOf(body)}`;
}

function checkChecksum(body: string, checksum: string): void {
  if (checksum.length !== CHECKSUM_LENGTH) {
    throw invalid(`Expected 8 character checksum, not ${checksum.length} characters`);
  }
  const computed = checksumOf(body);
  if (computed !== checksum) {
    throw invalid(`Provided checksum '${checksum}' does not match computed checksum '${computed}'`);
  }
}

/** BIP380's: eight characters of a BCH code over what the descriptor is made of. */
function checksumOf(body: string): string {
  let sum = 1n;
  let group = 0;
  let inGroup = 0;
  for (const character of body) {
    const position = INPUT_CHARSET.indexOf(character);
    if (position < 0) throw invalid('Invalid characters in payload');
    sum = step(sum, position & 31);
    group = group * 3 + (position >> 5);
    if (++inGroup < 3) continue;
    sum = step(sum, group);
    group = 0;
    inGroup = 0;
  }
  if (inGroup > 0) sum = step(sum, group);
  for (let i = 0; i < CHECKSUM_LENGTH; i++) sum = step(sum, 0);
  sum ^= 1n;
  const symbols = Array.from({ length: CHECKSUM_LENGTH }, (_, i) =>
    Number((sum >> BigInt(5 * (7 - i))) & 31n),
  );
  return symbols.map((symbol) => CHECKSUM_CHARSET[symbol]).join('');
}

function step(sum: bigint, symbol: number): bigint {
  const top = sum >> 35n;
  let next = ((sum & 0x7ffffffffn) << 5n) ^ BigInt(symbol);
  for (const [i, generator] of GENERATOR.entries()) if ((top >> BigInt(i)) & 1n) next ^= generator;
  return next;
}

function readKey(hex: string, where: string): Uint8Array {
  const isKey = /^(0[23][0-9a-f]{64}|04[0-9a-f]{128})$/i.test(hex);
  const key = isKey ? hexToBytes(hex) : undefined;
  if (key !== undefined && isOnCurve(key)) return key;
  throw invalid(`${where}(): key '${hex.slice(0, 140)}' is not valid`);
}

function readAddress(address: string, params: NetworkParams): Uint8Array {
  try {
    return decodeAddress(address, params.addressPrefix);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw invalid('Address is not valid', error);
  }
}

function invalid(message: string, cause?: Error): RpcError {
  return new RpcError(RPC_ERROR.invalidAddressOrKey, message, { cause });
}
