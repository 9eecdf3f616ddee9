import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { test } from 'node:test';
import { diskFaultOf } from '../../../src/store/diskFault.ts';
import { DiskSpace } from '../../../src/store/diskSpace.ts';
import { withFolder } from '../../support/chains.ts';

const MB = 1_000_000;

test('a disk with room gives no warning, one with less does, and one with too little an error', () =>
  withFolder(async (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    const freeMb = Math.floor((bavail * bsize) / MB);
    const roomy = new DiskSpace(folder, Math.floor(freeMb / 10));
    await roomy.look();
    assert.equal(roomy.warning(), undefined);
    await roomy.expectRoom(MB);
    const scarce = new DiskSpace(folder, Math.floor(freeMb / 3));
    await scarce.look();
    assert.match(
      scarce.warning()!,
      /^Only \d+ MB are free for .*: the node stops when it is less than \d+ MB\.$/,
    );
    const full = new DiskSpace(folder, freeMb * 2);
    const kept = { name: 'DiskError', message: /MB are kept free \(--min-free-space\)$/ };
    await assert.rejects(full.look(), kept);
    await assert.rejects(full.expectRoom(1), kept);
    const unwatched = new DiskSpace(folder, 0);
    await unwatched.expectRoom(Number.MAX_SAFE_INTEGER);
    assert.equal(unwatched.warning(), undefined);
  }));

test('what is about to be written counts before it is', () =>
  withFolder(async (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    const space = new DiskSpace(folder, Math.floor((bavail * bsize) / MB / 2));
    await assert.rejects(space.expectRoom(bavail * bsize), { name: 'DiskError' });
  }));

test('the fault of a disk is found behind other errors, by its code or by LevelDB’s words', () => {
  const cause = Object.assign(new Error('write failed'), { code: 'ENOSPC' });
  assert.equal(diskFaultOf(new Error('outer', { cause })), 'no space is left on the disk');
  assert.match(diskFaultOf(new Error('IO error: /x/000003.log: File too large'))!, /no larger files/);
  assert.match(diskFaultOf(new Error('IO error: /x/000003.log: Input/output error'))!, /does not work/);
  assert.equal(diskFaultOf(new Error('anything else')), undefined);
});
