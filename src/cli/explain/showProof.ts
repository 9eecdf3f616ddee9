import { bytesToHex, hashToHex } from '../../bytes/hex.ts';
import type { Field } from '../../explain/field.ts';
import type { MerkleStep } from '../../explain/merkle.ts';
import type { HashSteps, ProofOfWork } from '../../explain/proofOfWork.ts';
import type { PlacedSignature } from '../../explain/spendings.ts';
import { bitsHex, plural, whole, wide } from '../../explain/words.ts';
import type { Page } from './page.ts';
import { showFields } from './showFields.ts';

/** How the header is hashed, and what the hash is worth. */
export function showProof(page: Page, proof: ProofOfWork): void {
  page.heading(
    'Its hash and its work',
    'The header is hashed twice with SHA-256. That hash is what the block is called, and as a number it must be below the ' +
      'target: nobody can do better than to change the nonce and hash again, until one is.',
  );
  page.blank();
  showSteps(page, proof.steps, 'the header');
  page.blank();
  if (proof.target !== undefined) {
    const isBelow = proof.isBelow ? 'ok, the hash is below the target:' : 'The hash is NOT BELOW the target:';
    page.text(isBelow);
    page.beside('hash', proof.steps.shown, 8);
    page.beside('target', wide(proof.target), 8);
    page.blank();
  }
  page.table([
    ['bits', bitsHex(proof.bits)],
    ...row('difficulty', proof.difficulty, (value) => shownDifficulty(value)),
    ...row('work', proof.work, (value) => `${whole(value)} hashes on average for this block`),
    ...row('chain work', proof.chainWork, (value) => `${whole(value)} for all blocks up to this one`),
  ]);
}

function shownDifficulty(value: number): string {
  const digits =
    value >= 0.001 ? value.toLocaleString('en', { maximumFractionDigits: 3 }) : value.toExponential(2);
  return `${digits} times Bitcoin’s easiest target`;
}

function row<T>(name: string, value: T | undefined, say: (value: T) => string): [string, string][] {
  return value === undefined ? [] : [[name, say(value)]];
}

/** SHA-256, SHA-256 again, and turned around. */
export function showSteps(page: Page, { bytes, first, second, shown }: HashSteps, what: string): void {
  page.text(`SHA-256 of ${what}, ${plural(bytes, 'byte')}:`);
  page.text(bytesToHex(first), 8);
  page.text('SHA-256 of those 32 bytes:');
  page.text(bytesToHex(second), 8);
  page.text('turned around, as hashes are shown:');
  page.text(shown, 8);
}

/** Hashes of one level of the tree. */
const SHOWN_HASHES = 8;
const MOST_HASHES = 10_000;

/** How the transactions of a block come to one hash. */
export function showTree(
  page: Page,
  levels: readonly (readonly Uint8Array[])[],
  headerRoot: Uint8Array,
  isRoot: boolean,
  isFull: boolean,
): void {
  const leaves = levels[0]?.length ?? 0;
  const most = isFull ? MOST_HASHES : SHOWN_HASHES;
  page.heading(
    'The merkle tree',
    'The txids are hashed in pairs, and those hashes in pairs, until one is left: the root in the header. So the work of ' +
      'the header is done for every byte of every transaction.',
  );
  page.blank();
  for (const [height, level] of levels.entries()) {
    const name = height === 0 ? 'txids' : height === levels.length - 1 ? 'root' : `level ${height}`;
    page.text(`${name}${level.length > 1 ? `, ${level.length} of them` : ''}`);
    for (const hash of level.slice(0, most)) page.text(hashToHex(hash), 8);
    if (level.length > most) page.text(`and ${whole(level.length - most)} more`, 8);
  }
  if (leaves === 1) page.text('With one transaction its txid is the root.');
  page.text(`in the header ${isRoot ? '(the same)' : '(ANOTHER ONE)'}`);
  page.text(hashToHex(headerRoot), 8);
}

/** The hashes that prove that a transaction is in its block. */
export function showPath(
  page: Page,
  {
    steps,
    own,
    headerRoot,
    isRoot,
  }: {
    steps: readonly MerkleStep[];
    own: Uint8Array;
    headerRoot: Uint8Array;
    isRoot: boolean;
  },
): void {
  page.heading(
    'Its place in the block',
    'The merkle path: with one hash for each level, whoever has only the header can see that the transaction is in the ' +
      'block. At each level the hash so far and its neighbour, in their order, are hashed together (SHA-256 twice).',
  );
  page.blank();
  page.text('the txid');
  page.text(hashToHex(own), 8);
  for (const [i, { left, right, own: side, isTwin, parent }] of steps.entries()) {
    const neighbour = isTwin ? 'itself, as it is the last of an odd number' : 'its neighbour';
    page.text(`level ${i + 1}: hashed with ${neighbour}`);
    page.beside(side === 'left' ? '  ours' : '  theirs', hashToHex(left), 10);
    page.beside(side === 'right' ? '  ours' : '  theirs', hashToHex(right), 10);
    page.beside('  gives', hashToHex(parent), 10);
  }
  page.text(`the root in the header: ${isRoot ? 'ok, the same' : 'ANOTHER ONE'}`);
  page.text(hashToHex(headerRoot), 8);
}

/** What was signed, and how the signature is verified. */
export function showSignature(
  page: Page,
  signature: PlacedSignature & { fields: readonly Field[] },
  isFull: boolean,
  isInBlock: boolean,
): void {
  const { input, publicKey, address, signedBytes, firstHash, digest, r, s, holds, fields, transaction } =
    signature;
  const where = isInBlock ? `transaction ${transaction}, input ${input}` : `input ${input}`;
  page.heading(
    `The signature of ${where}`,
    'What is signed is not the transaction as it stands, since no signature can sign itself: the unlocking scripts are ' +
      'empty, but in this input’s place stands the lock of the coin that it spends. These bytes:',
  );
  showFields(page, fields, isFull);
  page.blank();
  page.text(`SHA-256 of these ${plural(signedBytes.length, 'byte')}, and SHA-256 of that: the digest z.`);
  page.text(bytesToHex(firstHash), 8);
  page.beside('z', bytesToHex(digest), 8);
  page.text('The key P, from the lock of the coin, and the two numbers of the signature:');
  const [first, ...others] = bytesToHex(publicKey).match(/.{1,66}/g) ?? [];
  page.beside('P', first ?? '', 8);
  for (const part of others) page.beside('', part, 8);
  if (address !== undefined) page.beside('', address, 8);
  if (r && s) {
    page.beside('r', bytesToHex(r), 8);
    page.beside('s', bytesToHex(s), 8);
  }
  const result = holds
    ? 'ok: the point (z/s)·G + (r/s)·P of the curve has r as its x. Only who knows the private key of P could find such r and s for this z.'
    : 'BROKEN: the point (z/s)·G + (r/s)·P of the curve does not have r as its x.';
  page.text(result);
}
