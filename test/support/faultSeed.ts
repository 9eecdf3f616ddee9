/** A fault should be found again: whoever throws dice says with which seed, and takes it from here. */
export const SEED = numberFrom('INDIECOIN_TEST_SEED', Date.now() % 1_000_000);

/** How often: few times in the tests, many in `npm run test:faults`. */
export const KILLS = numberFrom('INDIECOIN_TEST_KILLS', 10);
export const DAMAGES = numberFrom('INDIECOIN_TEST_DAMAGES', 24);
export const FULL_DISKS = numberFrom('INDIECOIN_TEST_FULL_DISKS', 3);

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name];
  return text === undefined ? otherwise : Number(text);
}
