/** How large and how long: small in `npm test`, and as in the world in `npm run test:hosts`. */
export const HOSTS = numberFrom('INDIECOIN_TEST_HOSTS', 4);
/**
 * With ten seconds and TCP as it is, old connections would live on and nothing would have to be found again: the tests set
 * TCP's patience by this (see `tcpRetriesFor`).
 */
export const PARTITION_SECONDS = numberFrom('INDIECOIN_TEST_PARTITION_SECONDS', 10);
export const CABLE_SECONDS = numberFrom('INDIECOIN_TEST_CABLE_SECONDS', 12);
export const SLEEP_SECONDS = numberFrom('INDIECOIN_TEST_SLEEP_SECONDS', 10);
export const SEEDS_DOWN_SECONDS = numberFrom('INDIECOIN_TEST_SEEDS_DOWN_SECONDS', 12);

/**
 * Repetitions after which TCP gives up within that many seconds, when it has something to send: it waits 0.2 s at first and
 * twice as long each time. Undefined where a connection is noticed dead in time by other means.
 */
export function tcpRetriesFor(seconds: number): number | undefined {
  return seconds >= 90 ? undefined : Math.max(2, Math.floor(Math.log2(seconds / 0.2)) - 2);
}

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name];
  return text === undefined ? otherwise : Number(text);
}
