import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import { parseLockingScript, pushedSignature } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { isCoinbase, type Transaction, type TransactionInput } from '../primitives/transaction.ts';
import { toCoins } from './amounts.ts';

const COMPRESSED_KEY_BYTES = 33;
const OP_1 = 0x51;

/** Bitcoin Core's transaction fields (decoderawtransaction). There is no witness, so sizes and weights follow one another. */
export function describeTransaction(
  transaction: Transaction,
  params: NetworkParams,
): Record<string, unknown> {
  const size = transaction.bytes.length;
  const txid = hashToHex(transaction.hash);
  return {
    txid,
    hash: txid,
    version: transaction.version >>> 0,
    size,
    vsize: size,
    weight: size * 4,
    locktime: transaction.lockTime,
    vin: transaction.inputs.map((input) => describeInput(input, isCoinbase(transaction))),
    vout: transaction.outputs.map(({ amount, lockingScript }, n) => ({
      value: toCoins(amount),
      n,
      scriptPubKey: describeLockingScript(lockingScript, params),
    })),
  };
}

/** `asm`, `hex`, `type`, and our address where the lock is a key's. */
export function describeLockingScript(script: Uint8Array, params: NetworkParams): Record<string, unknown> {
  const hex = bytesToHex(script);
  const lock = parseLockingScript(script);
  if (lock === undefined) return { asm: hex, hex, type: 'nonstandard' };
  if (lock.type === 'data') return { asm: `OP_RETURN ${hex.slice(2)}`.trim(), hex, type: 'nulldata' };
  if (lock.type === 'reserved') {
    return { asm: `${script[0]! - OP_1 + 1} ${hex.slice(4)}`, hex, type: 'witness_unknown' };
  }
  const asm = `${bytesToHex(lock.publicKey)} OP_CHECKSIG`;
  if (lock.publicKey.length !== COMPRESSED_KEY_BYTES) return { asm, hex, type: 'pubkey' };
  return { asm, hex, address: encodeAddress(lock.publicKey, params.addressPrefix), type: 'pubkey' };
}

function describeInput(input: TransactionInput, isOfCoinbase: boolean): Record<string, unknown> {
  const { outpoint, unlockingScript, sequence } = input;
  const hex = bytesToHex(unlockingScript);
  if (isOfCoinbase) return { coinbase: hex, sequence };
  const signature = pushedSignature(unlockingScript);
  const asm = signature === undefined ? hex : `${bytesToHex(signature)}[ALL]`;
  return { txid: hashToHex(outpoint.txHash), vout: outpoint.index, scriptSig: { asm, hex }, sequence };
}
