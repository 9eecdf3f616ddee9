import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearestName, suggestion } from '../../../src/node/nearestName.ts';

it('nearestName finds what was meant, and nothing where nothing is near', () => {
  assert.equal(nearestName('walet', ['wallet', 'chain', 'peers']), 'wallet');
  assert.equal(nearestName('sned', ['new', 'send']), 'send', 'swapped letters are one slip');
  assert.equal(nearestName('blok', ['block', 'balance']), 'block');
  assert.equal(nearestName('stat', ['status', 'start']), 'status');
  assert.equal(nearestName('zzzzzz', ['wallet', 'chain']), undefined);
});

it('suggestion is a sentence or nothing', () => {
  assert.equal(suggestion('walet', ['wallet']), ' Did you mean "wallet"?');
  assert.equal(suggestion('zzzzzz', ['wallet']), '');
});
