import { z } from 'zod';
import { bytesToHex, hashToHex } from '../bytes/hex.ts';
import { maxPublicKeyOutputs } from '../consensus/checkBlock.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { deploymentState } from '../consensus/versionBits.ts';
import type { MempoolEntry } from '../mempool/mempoolEntry.ts';
import type { ProposalVerdict } from '../mining/checkProposal.ts';
import { type BlockTemplate, publicKeyOutputs } from '../mining/template.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { bitsHex, targetHex } from './describeHeader.ts';
import { readBlockHex, TEST_BITS } from './miningMethods.ts';
import type { NodeServices } from './nodeServices.ts';
import { readPayee, text } from './parameters.ts';
import { blockRejectReason } from './rejectReason.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod } from './rpcMethod.ts';

/** Of a transaction without witness data, for each byte (BIP141). */
const WEIGHT_PER_BYTE = 4;

/** What may be changed in a template (BIP23). The rest of the coinbase had better stay: only certain locks are valid here. */
const MUTABLE = ['time', 'time/increment', 'transactions', 'prevblock', 'coinbase/append', 'version/force'];

/** BIP22's and BIP23's request: what else a client may send is of no use here. */
const templateRequest = z.looseObject({
  mode: z.unknown().optional(),
  longpollid: z.unknown().optional(),
  data: z.unknown().optional(),
});

export const templateMethods: readonly RpcMethod[] = [
  rpcMethod({
    name: 'getblocktemplate',
    theme: 'Mining',
    summary:
      'A block for external miners to work on, with its coinbase (BIP22, BIP23). It pays the address named, else --public-key, else the wallet.',
    example: `indiecoin rpc getblocktemplate '{"capabilities":["coinbasetxn"]}'`,
    parameters: { template_request: templateRequest.default({}), address: text.optional() },
    run: async (services, { template_request: request, address }) => {
      const { mode = 'template', longpollid, data } = request;
      if (mode === 'proposal') return proposalAnswer(services, data);
      if (mode !== 'template') throw new RpcError(RPC_ERROR.invalidParameter, 'Invalid mode');
      const lockingScript = await payeeLock(services, address);
      expectReady(services);
      if (typeof longpollid === 'string') {
        await services.templates.waitForBetter(longpollid);
        if (services.templates.isClosed) throw new RpcError(RPC_ERROR.notConnected, 'Shutting down');
      }
      return describeTemplate(services, lockingScript);
    },
  }),
];

/** Whom external miners pay. @throws WalletError, AddressError, RpcError */
export async function payeeLock(
  { params, wallet, publicKey }: NodeServices,
  address?: string,
): Promise<Uint8Array> {
  const payee = address ?? publicKey;
  return payee === undefined
    ? payToPublicKey((await wallet.miningKey()).publicKey)
    : readPayee(payee, params);
}

/**
 * Work on an old tip is in vain, so there is none before the node is up to date. A network for tests needs no peers, nor
 * does a node that has nobody to connect to: it is the first of its network. @throws RpcError as Bitcoin Core
 */
export function expectReady({ network, params }: NodeServices): void {
  const state = network.state();
  if (state === 'running' || params.easiestBits === TEST_BITS) return;
  if (state === 'evaluating' || state === 'syncing') {
    const message = 'IndieCoin is in initial sync and waiting for blocks...';
    throw new RpcError(RPC_ERROR.inInitialDownload, message);
  }
  if (network.hasAnyoneToDial) throw new RpcError(RPC_ERROR.notConnected, 'IndieCoin is not connected!');
}

async function proposalAnswer({ chain, checkProposal }: NodeServices, data: unknown): Promise<string | null> {
  if (typeof data !== 'string') {
    throw new RpcError(RPC_ERROR.type, 'Missing data String key for proposal');
  }
  const block = readBlockHex(data);
  const known = chain.node(hashToHex(block.header.hash));
  if (known?.isInvalid) return 'duplicate-invalid';
  if (known !== undefined)
    return known.wasConnected || chain.isActive(known) ? 'duplicate' : 'duplicate-inconclusive';
  return proposalWords(await checkProposal(block));
}

function proposalWords(verdict: ProposalVerdict): string | null {
  if (verdict === 'valid') return null;
  return verdict === 'other-parent' ? 'inconclusive-not-best-prevblk' : blockRejectReason(verdict);
}

/** Bitcoin Core's fields, in its order, and `coinbasetxn`. */
function describeTemplate(services: NodeServices, lockingScript: Uint8Array): Record<string, unknown> {
  const { params, templates } = services;
  const { id } = templates;
  const template = templates.template(lockingScript);
  const { header, height, minTimeSec } = template;
  const [coinbase] = template.transactions;
  return {
    capabilities: ['proposal', 'longpoll', 'coinbasetxn', 'coinbasevalue'],
    version: header.version,
    ...describeSignalling(services),
    previousblockhash: hashToHex(header.previousHash),
    transactions: describeTransactions(template),
    coinbaseaux: {},
    coinbasevalue: Number(coinbase!.outputs[0]!.amount),
    coinbasetxn: { ...describeCoinbase(coinbase!, template.fees), required: true },
    longpollid: id,
    target: targetHex(header.bits),
    mintime: minTimeSec,
    mutable: MUTABLE,
    noncerange: '00000000ffffffff',
    sigoplimit: maxPublicKeyOutputs(params),
    sizelimit: params.maxBlockBytes,
    weightlimit: params.maxBlockBytes * WEIGHT_PER_BYTE,
    curtime: header.timeSec,
    bits: bitsHex(header.bits),
    height,
  };
}

/** The soft forks in force, and those that the version signals (BIP9's part of a template). */
function describeSignalling({ chain, params }: NodeServices): Record<string, unknown> {
  const { tip } = chain;
  const states = params.deployments.map((it) => ({ ...it, state: deploymentState(tip, it) }));
  const underWay = states.filter(({ state }) => state === 'started' || state === 'locked_in');
  return {
    rules: states.filter(({ state }) => state === 'active').map(({ name }) => name),
    vbavailable: Object.fromEntries(underWay.map(({ name, bit }) => [name, bit])),
    vbrequired: 0,
  };
}

function describeTransactions({ entries }: BlockTemplate): Record<string, unknown>[] {
  const places = new Map<MempoolEntry, number>(entries.map((entry, i) => [entry, i + 1]));
  return entries.map(({ transaction, txid, fee, parents }) => ({
    data: bytesToHex(transaction.bytes),
    txid,
    hash: txid,
    depends: [...parents].map((parent) => places.get(parent)!).toSorted((a, b) => a - b),
    fee: Number(fee),
    sigops: publicKeyOutputs(transaction),
    weight: transaction.bytes.length * WEIGHT_PER_BYTE,
  }));
}

/** BIP22: the fee of a coinbase is what it takes of the others' fees, as a negative number. */
function describeCoinbase(coinbase: Transaction, fees: bigint): Record<string, unknown> {
  const txid = hashToHex(coinbase.hash);
  return {
    data: bytesToHex(coinbase.bytes),
    txid,
    hash: txid,
    depends: [],
    fee: Number(-fees),
    sigops: publicKeyOutputs(coinbase),
    weight: coinbase.bytes.length * WEIGHT_PER_BYTE,
  };
}
