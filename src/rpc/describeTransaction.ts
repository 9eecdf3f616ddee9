import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import { parseLockingScript, pushedSignature } from '../consensus/lockingScript.ts';
import { encodeAddress } from '../crypto/address.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { isCoinbase, type Transaction, type TransactionInput } from '../primitives/transaction.ts';
import { toCoins } from './amounts.ts';
import { describeScript } from './descriptor.ts';

const COMPRESSED_KEY_BYTES = 33;
const OP_1 = 0x51;

/**
 * Bitcoin Core's transaction fields (decoderawtransaction). There is no witness, so sizes and weights follow one another.
 * `spent` in the order of the inputs, where they are known and wanted.
 */
export function describeTransaction(
  transaction: Transaction,
  params: NetworkParams,
  spent?: readonly Coin[],
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
    vin: transaction.inputs.map((input, i) => ({
      ...describeInput(input, isCoinbase(transaction)),
      ...(spent?.[i] && { prevout: describePrevout(spent[i], params) }),
    })),
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
  const desc = describeScript(script);
  const lock = parseLockingScript(script);
  if (lock === undefined) return { asm: hex, desc, hex, type: 'nonstandard' };
  if (lock.type === 'data') return { asm: `OP_RETURN ${hex.slice(2)}`.trim(), desc, hex, type: 'nulldata' };
  if (lock.type === 'reserved') {
    return { asm: `${script[0]! - OP_1 + 1} ${hex.slice(4)}`, desc, hex, type: 'witness_unknown' };
  }
  const asm = `${bytesToHex(lock.publicKey)} OP_CHECKSIG`;
  if (lock.publicKey.length !== COMPRESSED_KEY_BYTES) return { asm, desc, hex, type: 'pubkey' };
  return { asm, desc, hex, address: encodeAddress(lock.publicKey, params.addressPrefix), type: 'pubkey' };
}

function describePrevout(coin: Coin, params: NetworkParams): Record<string, unknown> {
  return {
    generated: coin.isCoinbase,
    height: coin.height,
    value: toCoins(coin.amount),
    scriptPubKey: describeLockingScript(coin.lockingScript, params),
  };
}

function describeInput(input: TransactionInput, isOfCoinbase: boolean): Record<string, unknown> {
  const { outpoint, unlockingScript, sequence } = input;
  const hex = bytesToHex(unlockingScript);
  if (isOfCoinbase) return { coinbase: hex, sequence };
  const signature = pushedSignature(unlockingScript);
  const asm = signature === undefined ? hex : `${bytesToHex(signature)}[ALL]`;
  return { txid: hashToHex(outpoint.txHash), vout: outpoint.index, scriptSig: { asm, hex }, sequence };
}
