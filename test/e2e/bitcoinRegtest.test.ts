import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ByteWriter } from '../../src/bytes/byteWriter.ts';
import { bytesToHex, hashToHex } from '../../src/bytes/hex.ts';
import { sha256d } from '../../src/bytes/sha256.ts';
import type { RejectCode } from '../../src/consensus/rejection.ts';
import { type BitcoinChain, bitcoinRegtest, NETWORK_FILE } from '../support/bitcoinRegtest/bitcoinChain.ts';
import { brokenBodies } from '../support/bitcoinRegtest/brokenBodies.ts';
import type { Answer, Step } from '../support/bitcoinRegtest/brokenCase.ts';
import { brokenHeaders, undecodable } from '../support/bitcoinRegtest/brokenHeaders.ts';
import { brokenScripts } from '../support/bitcoinRegtest/brokenScripts.ts';
import { brokenTransactions } from '../support/bitcoinRegtest/brokenTransactions.ts';
import { growTrunk } from '../support/bitcoinRegtest/trunk.ts';
import { temporaryFolder, withFolder } from '../support/chains.ts';
import { NodeProcess, RpcFailure, runCli } from '../support/nodeProcess.ts';

/**
 * A chain under the parameters of Bitcoin's regtest, and about two hundred blocks that break one rule each, given to the
 * program as its users would. After each, the honest block of that height must still be taken. Whether Bitcoin Core would
 * say the same is written down in the cases by hand.
 */
const CASES = [...brokenHeaders, ...undecodable, ...brokenBodies, ...brokenScripts, ...brokenTransactions];
/** An import stops after a hundred refusals. */
const CASES_PER_FILE = 80;

type ImportReport = {
  blocks: number;
  connected: number;
  known: number;
  aside: number;
  refused: { hash: string; reason: string }[];
  height: number;
  tip: string;
};

/** Whether blocks can break the rule under these parameters. A new code without its line does not compile. */
const CAN_BE_BROKEN: Readonly<Record<RejectCode, boolean>> = {
  'high-hash': true,
  'bad-diffbits': true,
  'bad-version': true,
  'time-too-old': true,
  'time-too-new': true,
  // Bitcoin's regtest never adjusts its target.
  'time-timewarp-attack': false,
  'bad-prevblk': true,
  'duplicate-invalid': true,
  'bad-txnmrklroot': true,
  'bad-txns-duplicate': true,
  'bad-txns-size-64': true,
  'bad-blk-length': true,
  'bad-cb-missing': true,
  'bad-cb-multiple': true,
  'bad-blk-sigops': true,
  'bad-cb-height': true,
  // Rules of a soft fork that Bitcoin's regtest does not have.
  'bad-cb-locktime': false,
  'bad-cb-sequence': false,
  'bad-cb-amount': true,
  'bad-txns-vin-empty': true,
  'bad-txns-vout-empty': true,
  'bad-txns-oversize': true,
  'bad-txns-vout-toolarge': true,
  'bad-txns-txouttotal-toolarge': true,
  'bad-txns-inputs-duplicate': true,
  'bad-cb-length': true,
  'bad-cb-witness-commitment': true,
  'bad-txns-prevout-null': true,
  'bad-txns-locking-script': true,
  'bad-txns-unlocking-script': true,
  'bad-txns-nonfinal': true,
  'bad-txns-inputs-missingorspent': true,
  'bad-txns-premature-spend-of-coinbase': true,
  // There are no coins of more than all the money there can be.
  'bad-txns-inputvalues-outofrange': false,
  'bad-txns-in-belowout': true,
  'non-BIP68-final': true,
  'bad-signature': true,
};

describe('Bitcoin’s regtest chain', () => {
  let folder: string;
  let chain: BitcoinChain;
  /** How long the chain was before the cases. */
  let trunkHeight: number;
  const played: { steps: Step[]; honest: Uint8Array }[] = [];

  before(async () => {
    folder = await temporaryFolder();
    chain = growTrunk();
    trunkHeight = chain.blocks.length;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('is imported whole', async () => {
    const dataDir = join(folder, 'rpc');
    mkdirSync(dataDir);
    const report = await importInto(
      dataDir,
      chain.blocks.map(({ bytes }) => bytes),
    );
    assert.deepEqual([report.connected, report.height], [trunkHeight, trunkHeight]);
    assert.equal(report.tip, hashToHex(chain.tip.header.hash));
  });

  test(`submitblock refuses ${CASES.length} kinds of broken blocks, and takes the honest one after each`, async () => {
    const node = await NodeProcess.start({ dataDir: join(folder, 'rpc'), network: NETWORK_FILE });
    try {
      const wrong: string[] = [];
      for (const { name, build } of CASES) {
        const { steps, honest } = build(chain);
        for (const { bytes, answer } of steps) {
          const said = await submit(node, bytes);
          if (!isSaidFor(said, rpcWords(answer))) wrong.push(`${name}: ${said}, not ${rpcWords(answer)}`);
        }
        const said = await submit(node, honest.bytes);
        if (said !== null) wrong.push(`${name}: the honest block: ${said}`);
        played.push({ steps, honest: honest.bytes });
        chain.add(honest);
      }
      assert.deepEqual(wrong, []);
      assert.equal(await node.height(), trunkHeight + CASES.length);
    } finally {
      await node.stop();
    }
  });

  test('every rule that can be broken was', () => {
    const broken = new Set(played.flatMap(({ steps }) => steps.flatMap(({ answer }) => codesOf(answer))));
    const expected = Object.entries(CAN_BE_BROKEN).flatMap(([code, can]) => (can ? [code] : []));
    assert.deepEqual([...broken].sort(), expected.sort());
  });

  test('chain import refuses the same blocks for the same reasons', async () => {
    await withFolder(async (dataDir) => {
      await importInto(
        dataDir,
        chain.blocks.slice(0, trunkHeight).map(({ bytes }) => bytes),
      );
      for (let first = 0; first < played.length; first += CASES_PER_FILE) {
        const cases = played.slice(first, first + CASES_PER_FILE);
        const report = await importInto(
          dataDir,
          cases.flatMap(({ steps, honest }) => [...steps.map(({ bytes }) => bytes), honest]),
        );
        // Sorted: bytes that are not even a header are known at once, before what waits in the queue.
        assert.deepEqual(
          report.refused
            .map(({ hash, reason }) =>
              /cannot be decoded/.test(reason) ? 'undecodable' : `${reason} ${hash}`,
            )
            .sort(),
          cases.flatMap(({ steps }) => steps.flatMap(importWords)).sort(),
        );
        assert.equal(report.connected, cases.length);
      }
    });
  });
});

/** What the RPC answers to a block: null, a word, or the message of an error. */
async function submit(node: NodeProcess, bytes: Uint8Array): Promise<string | null> {
  try {
    return await node.rpc<string | null>('submitblock', bytesToHex(bytes));
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    return `${error.code} ${error.message}`;
  }
}

/** Where Bitcoin Core says a rule in other words than its name here, the RPC says it as Bitcoin Core does. */
const BITCOIN_WORDS: Record<string, RegExp> = {
  'bad-version': /^bad-version\(0x[0-9a-f]{8}\)$/,
  'bad-txns-vout-toolarge': /^bad-txns-vout-(toolarge|negative)$/,
  'non-BIP68-final': /^bad-txns-nonfinal$/,
};

function isSaidFor(said: string | null, words: string): boolean {
  const bitcoins = BITCOIN_WORDS[words];
  return bitcoins ? said !== null && bitcoins.test(said) : said === words;
}

function rpcWords(answer: Answer): string {
  if ('undecodable' in answer) return '-22 submitblock: Block decode failed';
  if ('noCoinbase' in answer) return '-22 submitblock: Block does not start with a coinbase';
  if ('aside' in answer) return answer.aside;
  return answer.code;
}

function codesOf(answer: Answer): string[] {
  if ('undecodable' in answer || 'aside' in answer) return [];
  return ['code' in answer ? answer.code : answer.noCoinbase];
}

function importWords({ bytes, answer }: Step): string[] {
  if ('undecodable' in answer) return bytes.length < 81 ? [] : ['undecodable'];
  return codesOf(answer).map((code) => `${code} ${hashToHex(sha256d(bytes.subarray(0, 80)))}`);
}

/** Runs `chain import` on these blocks in Bitcoin's bootstrap.dat layout. */
async function importInto(dataDir: string, blocks: readonly Uint8Array[]): Promise<ImportReport> {
  const writer = new ByteWriter(1 << 20);
  for (const bytes of blocks) writer.bytes(bitcoinRegtest.magic).u32(bytes.length).bytes(bytes);
  const file = join(dataDir, 'blocks.dat');
  writeFileSync(file, writer.finish());
  const args = ['chain', 'import', file, '--network', NETWORK_FILE, '--data-dir', dataDir, '--json'];
  const { stdout, stderr } = await runCli(args, { timeoutMs: 120_000 });
  try {
    return JSON.parse(stdout) as ImportReport;
  } catch (cause) {
    throw new Error(`no report: ${stderr}${stdout}`, { cause });
  }
}
