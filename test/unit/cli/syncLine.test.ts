import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveLine } from '../../../src/cli/liveLine.ts';
import { RateMeter } from '../../../src/cli/rateMeter.ts';
import { grouped, shortTime, syncLine } from '../../../src/cli/syncLine.ts';
import { fit, fitMiddle, wrap } from '../../../src/cli/textWidth.ts';

const facts = { label: 'Syncing', done: 12_345, total: 20_100, unit: 'blocks', perSecond: 2310, peers: 8 };

describe('the sync line', () => {
  it('has height, rate, time and peers at 80 columns', () => {
    assert.equal(
      syncLine(facts, 79, true),
      'Syncing █████████░░░░░░░  61 %  12,345/20,100 blocks  2,310/s  ETA 4 s  8 peers',
    );
    assert.match(syncLine(facts, 79, false), /^Syncing #{9}\.{7} {2}61 %/);
  });

  it('leaves out the least when there is less room, and always fits', () => {
    assert.equal(syncLine(facts, 40, true), 'Syncing  61 %  12,345/20,100  ETA 4 s');
    for (let columns = 0; columns <= 300; columns++)
      for (const perSecond of [undefined, 0, 0.3, 1e6])
        assert.ok(syncLine({ ...facts, perSecond }, columns, true).length <= columns, `${columns}`);
    for (let columns = 4; columns < 300; columns++)
      assert.match(syncLine(facts, columns, true), /61 %/, `${columns}`);
  });

  it('does not tell what is not known, nor more than the whole', () => {
    assert.doesNotMatch(syncLine({ ...facts, perSecond: undefined }, 79, true), /ETA|\/s/);
    assert.match(syncLine({ ...facts, perSecond: 0 }, 100, true), /ETA \?/);
    assert.match(syncLine({ ...facts, done: 30_000 }, 100, true), / 100 % /);
    assert.match(syncLine({ ...facts, done: 0, total: 0 }, 100, true), / 0 % /);
  });
});

it('numbers and times are short', () => {
  assert.deepEqual([0, 0.25, 9, 999.6, 1234567].map(grouped), ['0', '0.3', '9', '1,000', '1,234,567']);
  assert.deepEqual([0, 59, 60, 3569, 3600, 86_340, 86_400, 400 * 86_400].map(shortTime), [
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '23 h 59 min',
    '1 d 0 h',
    'more than a year',
  ]);
});

describe('RateMeter', () => {
  it('tells nothing within the first second, then the mean of the last 15', () => {
    const meter = new RateMeter();
    assert.equal(meter.perSecond, undefined);
    meter.add(0, 0);
    meter.add(100, 999);
    assert.equal(meter.perSecond, undefined);
    meter.add(100, 1000);
    assert.equal(meter.perSecond, 100);
    for (let second = 2; second <= 40; second++) meter.add(100 + 10 * (second - 1), second * 1000);
    assert.equal(meter.perSecond, 10);
  });

  it('begins anew when the count goes back', () => {
    const meter = new RateMeter();
    meter.add(100, 0);
    meter.add(200, 2000);
    meter.add(190, 3000);
    assert.equal(meter.perSecond, undefined);
  });
});

describe('LiveLine', () => {
  it('is rewritten in place, cut to the width, and out of the way of other lines', () => {
    const written: string[] = [];
    const screen = { columns: 10, write: (text: string) => written.push(text) };
    const line = new LiveLine(screen);
    line.print('before\n');
    line.set('0123456789');
    line.set('0123456789');
    line.print('above\n');
    screen.columns = 4;
    line.redraw();
    line.set('');
    line.print('after\n');
    assert.deepEqual(written, [
      'before\n',
      '\r\x1b[K01234567…',
      '\r\x1b[Kabove\n01234567…',
      '\r\x1b[K01…',
      '\r\x1b[K',
      'after\n',
    ]);
  });
});

it('text is cut and wrapped to its room', () => {
  assert.deepEqual([fit('abc', 3), fit('abcd', 3), fit('abcd', 1), fit('abcd', 0)], ['abc', 'ab…', '…', '']);
  assert.deepEqual(
    [fitMiddle('abcdefgh', 8), fitMiddle('abcdefgh', 7), fitMiddle('abcdefgh', 4)],
    ['abcdefgh', 'abc…fgh', 'abc…'],
  );
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('one two three', 6), ['one', 'two', 'three']);
  assert.deepEqual(wrap('unbreakable', 4), ['unbreakable']);
});
