import { z } from 'zod';
import { hexToBytes } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { decodeAddress } from '../crypto/address.ts';
import { isOnCurve } from '../crypto/keys.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { NodeServices } from './nodeServices.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';

export const text = z.string();
export const flag = z.boolean();
export const whole = z.int();
/** A number where newer clients send one and older ones a flag. */
export const verbosity = z.union([z.int(), z.boolean()]).transform((value) => Number(value));

/** 64 hex digits, in Bitcoin's words when they are not. @throws RpcError */
export function readHash(value: string, name: string): string {
  if (value.length !== 64) {
    const message = `${name} must be of length 64 (not ${value.length}, for '${value.slice(0, 100)}')`;
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  if (!/^[0-9a-f]{64}$/i.test(value)) {
    throw new RpcError(RPC_ERROR.invalidParameter, `${name} must be hexadecimal string (not '${value}')`);
  }
  return value.toLowerCase();
}

/** @throws RpcError -5 */
export function findNode({ chain }: NodeServices, hash: string, name: string): BlockNode {
  const node = chain.node(readHash(hash, name));
  if (node === undefined) throw new RpcError(RPC_ERROR.invalidAddressOrKey, 'Block not found');
  return node;
}

/** The lock of an address, or of a public key in hex. @throws AddressError, RpcError */
export function readPayee(payee: string, params: NetworkParams): Uint8Array {
  return payToPublicKey(readPublicKey(payee, params));
}

/** 33 bytes. @throws AddressError, RpcError */
export function readPublicKey(payee: string, params: NetworkParams): Uint8Array {
  if (!/^(0[23])[0-9a-f]{64}$/i.test(payee)) return decodeAddress(payee, params.addressPrefix);
  const publicKey = hexToBytes(payee);
  if (isOnCurve(publicKey)) return publicKey;
  throw new RpcError(
    RPC_ERROR.invalidAddressOrKey,
    'Invalid address: the hex is not a public key on the curve',
  );
}
