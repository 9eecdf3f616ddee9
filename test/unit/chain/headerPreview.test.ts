import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { BlockTree } from '../../../src/chain/blockTree.ts';
import { acceptHeaders } from '../../../src/chain/headerAcceptance.ts';
import { HeaderPreview } from '../../../src/chain/headerPreview.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { type BlockHeader, makeHeader } from '../../../src/primitives/header.ts';
import { REGTEST_BITS, solve } from '../../support/blocks.ts';

// Adjusted every five blocks: ancestors are asked for on both sides of where a preview begins.
const params = { ...regtest, retargetBlocks: 5 };
const { header: genesis } = params.genesis;
const options = (tree: BlockTree) => ({ tree, params, nowSec: genesis.timeSec + 10_000_000 });

function run(count: number, from: BlockHeader = genesis): BlockHeader[] {
  const headers: BlockHeader[] = [];
  for (let last = from; headers.length < count; headers.push(last)) {
    // So slow that the target stays the easiest.
    const fields = { version: 0x20000000, bits: REGTEST_BITS, nonce: 0, merkleRoot: new Uint8Array(32) };
    last = solve({ ...fields, previousHash: last.hash, timeSec: last.timeSec + 400 });
  }
  return headers;
}

test('a preview says of headers what the tree would, wherever it begins', () => {
  const headers = run(4100);
  const tree = new BlockTree(params);
  const { nodes } = acceptHeaders(headers, options(tree)) as { nodes: { chainWork: bigint }[] };
  for (const known of [0, 3, 7, 4100]) {
    const part = new BlockTree(params);
    acceptHeaders(headers.slice(0, known), options(part));
    const preview = new HeaderPreview();
    for (let at = 0; at < headers.length; at += 1999) {
      const some = headers.slice(at, at + 1999);
      assert.deepEqual(preview.extend(some, options(part)), { taken: some.length });
    }
    assert.equal(preview.length, 4100 - known);
    assert.equal(preview.height, 4100);
    assert.equal(preview.hash, hashToHex(headers.at(-1)!.hash));
    assert.equal(preview.chainWork, nodes.at(-1)!.chainWork);
    assert.deepEqual([...preview.runs()].flat(), headers.slice(known));
    assert.equal(part.size, known + 1);
  }
});

test('a preview stops at the first header that is wrong, and keeps those before it', () => {
  const headers = run(12);
  const last = headers[9]!;
  const wrong = {
    'time-too-old': solve({ ...last, previousHash: last.hash, timeSec: headers[3]!.timeSec }),
    'bad-version': solve({ ...last, previousHash: last.hash, version: 1, timeSec: last.timeSec + 400 }),
    'bad-diffbits': solve({
      ...last,
      previousHash: last.hash,
      bits: 0x207ffffe,
      timeSec: last.timeSec + 400,
    }),
    'bad-prevblk': headers[11]!,
    'high-hash': unsolved({ ...last, previousHash: last.hash }),
  };
  for (const [code, header] of Object.entries(wrong)) {
    const preview = new HeaderPreview();
    const { taken, failure } = preview.extend(
      [...headers.slice(0, 10), header],
      options(new BlockTree(params)),
    );
    assert.equal(taken, 10);
    assert.equal(preview.hash, hashToHex(last.hash));
    assert.equal((failure as { rejection: { code: string } }).rejection.code, code);
  }
  const { failure } = new HeaderPreview().extend(headers.slice(5), options(new BlockTree(params)));
  assert.deepEqual(failure, { missing: hashToHex(headers[4]!.hash) });
});

function unsolved(fields: BlockHeader): BlockHeader {
  for (let nonce = 0; ; nonce++) {
    const header = makeHeader({ ...fields, nonce });
    if (header.hash[31]! >= 0x80) return header;
  }
}
