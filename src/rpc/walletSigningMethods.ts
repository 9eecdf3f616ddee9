import { z } from 'zod';
import { bytesToHex, hashToHex, hexToBytes } from '../bytes/hex.ts';
import { NO_CHECK, signatureCheck } from '../consensus/checkSpend.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import { signatureTemplate } from '../consensus/signatureHash.ts';
import { passesCheck } from '../crypto/checkBatch.ts';
import { loadVerifyEngine } from '../crypto/verifyEngine.ts';
import type { Transaction } from '../primitives/transaction.ts';
import type { NodeServices } from './nodeServices.ts';
import { readHash, text, whole } from './parameters.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';
import { readTransactionHex } from './transactionMethods.ts';
import { requireWallet } from './walletLockMethods.ts';

/** The only one that has a meaning here. */
const HASH_TYPES = ['ALL', 'DEFAULT'];

const previousOutput = z.object({
  txid: text,
  vout: whole.min(0, 'vout cannot be negative'),
  scriptPubKey: text,
  redeemScript: text.optional(),
  witnessScript: text.optional(),
  amount: z.union([z.number(), text]).optional(),
});
type PreviousOutput = z.infer<typeof previousOutput>;

export const walletSigningMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'signrawtransactionwithwallet',
    theme: 'Wallet',
    summary:
      'Signs the inputs of a transaction in hex whose keys are here; prevtxs are coins nobody knows yet.',
    example: 'indiecoin rpc signrawtransactionwithwallet <hex>',
    parameters: {
      hexstring: text,
      prevtxs: z.array(previousOutput).default([]),
      sighashtype: text.default('ALL'),
    },
    run: signTransaction,
  }),
];

async function signTransaction(
  services: NodeServices,
  given: { hexstring: string; prevtxs: readonly PreviousOutput[]; sighashtype: string },
): Promise<Record<string, unknown>> {
  const { wallet } = services;
  requireWallet(wallet);
  const unsigned = readTransactionHex(given.hexstring);
  if (!HASH_TYPES.includes(given.sighashtype)) {
    const message = `'${given.sighashtype.slice(0, 40)}' is not a valid sighash parameter.`;
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  const scripts = await lockingScriptsOf(services, unsigned, given.prevtxs);
  const coins = scripts.map((lockingScript) => lockingScript && { lockingScript });
  const { transaction, isSigned } = await wallet.spending.sign(unsigned, coins);
  const isComplete = await completeInputs(transaction, scripts);
  const errors = transaction.inputs.flatMap(({ outpoint, unlockingScript, sequence }, i) => {
    if (isComplete[i]) return [];
    const error =
      scripts[i] === undefined
        ? 'Input not found or already spent'
        : isSigned[i] || unlockingScript.length > 0
          ? 'Signature must be valid for the coin that is spent'
          : 'Unable to sign input, invalid stack size (possibly missing key)';
    return {
      txid: hashToHex(outpoint.txHash),
      vout: outpoint.index,
      witness: [],
      scriptSig: bytesToHex(unlockingScript),
      sequence,
      error,
    };
  });
  return {
    hex: bytesToHex(transaction.bytes),
    complete: errors.length === 0,
    ...(errors.length > 0 && { errors }),
  };
}

/**
 * What the inputs' coins ask for: coins of the mempool and the chain, those too that the mempool sees spent (the transaction
 * may be meant to replace that), and those that the caller tells of.
 */
async function lockingScriptsOf(
  { mempool, chain }: NodeServices,
  { inputs }: Transaction,
  told: readonly PreviousOutput[],
): Promise<(Uint8Array | undefined)[]> {
  const byOutpoint = new Map(
    told.map(({ txid, vout, scriptPubKey }) => [
      `${readHash(txid, 'txid')}:${vout}`,
      readScript(scriptPubKey),
    ]),
  );
  const coins = await chain.readCoins(inputs.map(({ outpoint }) => outpoint));
  return inputs.map(({ outpoint }, i) => {
    const txid = hashToHex(outpoint.txHash);
    const known = (mempool.get(txid)?.transaction.outputs[outpoint.index] ?? coins[i])?.lockingScript;
    const given = byOutpoint.get(`${txid}:${outpoint.index}`);
    if (known !== undefined && given !== undefined && Buffer.compare(known, given) !== 0) {
      const message = `Previous output scriptPubKey mismatch:\n${bytesToHex(known)}\nvs:\n${bytesToHex(given)}`;
      throw new RpcError(RPC_ERROR.deserialization, message);
    }
    return known ?? given;
  });
}

function readScript(hex: string): Uint8Array {
  if (/^([0-9a-f]{2}){1,10000}$/i.test(hex)) return hexToBytes(hex);
  const message = `scriptPubKey must be hexadecimal string (not '${hex.slice(0, 100)}')`;
  throw new RpcError(RPC_ERROR.invalidParameter, message);
}

/** Which inputs would be valid as they are, ours and those that others have signed. */
async function completeInputs(
  transaction: Transaction,
  scripts: readonly (Uint8Array | undefined)[],
): Promise<boolean[]> {
  const engine = await loadVerifyEngine();
  const { template, insertAt } = signatureTemplate(transaction);
  return transaction.inputs.map(({ unlockingScript }, i) => {
    const script = scripts[i];
    if (script === undefined || lockTypeOf(script) === undefined) return false;
    const check = signatureCheck(unlockingScript, script, template, insertAt[i]!);
    return check === NO_CHECK || (check !== undefined && passesCheck(check, engine));
  });
}
