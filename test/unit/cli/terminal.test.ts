import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canRewrite, hasColor, isUnicode, table } from '../../../src/cli/terminal.ts';

const tty = { isTTY: true };

describe('a terminal', () => {
  it('has colours unless NO_COLOR is more than empty, or it cannot have any', () => {
    assert.equal(hasColor(tty, { TERM: 'xterm' }), true);
    assert.equal(hasColor(tty, { TERM: 'xterm', NO_COLOR: '' }), true);
    assert.equal(hasColor(tty, { TERM: 'xterm', NO_COLOR: '0' }), false);
    assert.equal(hasColor(tty, { TERM: 'dumb' }), false);
    assert.equal(hasColor({}, { TERM: 'xterm' }), false);
    assert.equal(canRewrite(tty, { NO_COLOR: '1' }), true, 'no colours are no reason for no bar');
    assert.equal(canRewrite(tty, { TERM: 'dumb' }), false);
  });

  it('has more than ASCII by the first variable of the locale that is set', () => {
    assert.equal(isUnicode({ LANG: 'de_DE.UTF-8' }), true);
    assert.equal(isUnicode({ LANG: 'C.utf8' }), true);
    assert.equal(isUnicode({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }), false);
    assert.equal(isUnicode({ LC_ALL: '', LC_CTYPE: 'POSIX', LANG: 'de_DE.UTF-8' }), false);
    assert.equal(isUnicode({}, 'linux'), false);
    assert.equal(isUnicode({}, 'darwin'), true);
  });
});

it('a table breaks its values between words, within their column', () => {
  const rows: [string, string][] = [
    ['a', 'one two three four'],
    ['long name', 'x'],
  ];
  assert.deepEqual(table(rows, 21), ['a          one two', '           three four', 'long name  x']);
  assert.deepEqual(table(rows), ['a          one two three four', 'long name  x']);
});
