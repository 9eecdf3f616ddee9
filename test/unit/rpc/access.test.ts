import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isAllowedHost, Logins } from '../../../src/rpc/access.ts';

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

it('Logins opens for each of its pairs and for nothing else', () => {
  const logins = new Logins(['__cookie__:abc', 'alice:s3cret']);
  assert.equal(logins.allow(basic('__cookie__:abc')), true);
  assert.equal(logins.allow(basic('alice:s3cret')), true);
  for (const wrong of [
    basic('alice:'),
    basic('alice:s3cre'),
    basic(''),
    'Bearer abc',
    'Basic',
    '',
    undefined,
  ]) {
    assert.equal(logins.allow(wrong), false, String(wrong));
  }
});

it('isAllowedHost takes numbers and localhost, and no name that a page could have bound to us', () => {
  for (const host of ['127.0.0.1:8889', 'localhost', 'LOCALHOST:1', '[::1]:8889', '192.168.1.5:80']) {
    assert.equal(isAllowedHost(host), true, host);
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example:8889',
    '127.0.0.1.evil.example',
    '',
    undefined,
  ]) {
    assert.equal(isAllowedHost(host), false, String(host));
  }
});
