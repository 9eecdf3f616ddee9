import type { DiskSpace } from '../store/diskSpace.ts';
import type { Logger } from './log.ts';

/** Other programs fill a disk too, while no block comes. */
const LOOK_MS = 10_000;

/**
 * Looks at the disk every so often, and tells once when little is left. `stop` is called when it is too little, or when
 * the disk does not answer. @returns what ends it
 */
export function watchDiskSpace(diskSpace: DiskSpace, log: Logger, stop: (error: Error) => void): () => void {
  let isTold = false;
  const tell = () => {
    const warning = diskSpace.warning();
    if (warning !== undefined && !isTold) log.warn(warning);
    if (warning === undefined && isTold) log.info('there is room on the disk again');
    isTold = warning !== undefined;
  };
  const timer = setInterval(() => diskSpace.look().then(tell, stop), LOOK_MS);
  timer.unref();
  tell();
  return () => clearInterval(timer);
}
