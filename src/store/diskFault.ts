/**
 * What the system says when a disk takes no more: the code that Node.js gives, the words of strerror, which are all that
 * LevelDB passes on, and what a person should read.
 */
const FAULTS: readonly (readonly [code: string, systemWords: RegExp, words: string])[] = [
  ['ENOSPC', /no space left on device/i, 'no space is left on the disk'],
  ['EDQUOT', /disk quota exceeded/i, 'the disk quota is used up'],
  ['EFBIG', /file too large/i, 'the system allows no larger files (ulimit -f)'],
  ['EROFS', /read-only file system/i, 'the file system is read-only'],
  ['EIO', /input\/output error/i, 'the disk does not work (input/output error)'],
];

/** Why the disk did not do what was asked, if that is what an error, or a cause of it, says. */
export function diskFaultOf(error: unknown): string | undefined {
  for (let link = error; link instanceof Error; link = link.cause) {
    const { code, message } = link as NodeJS.ErrnoException;
    const fault = FAULTS.find(([known, systemWords]) => code === known || systemWords.test(message));
    if (fault) return fault[2];
  }
  return undefined;
}
