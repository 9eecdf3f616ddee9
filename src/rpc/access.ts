import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** Which `user:password` pairs open the RPC. Compared by their hashes, in constant time. */
export class Logins {
  readonly #hashes: readonly Buffer[];

  constructor(pairs: readonly string[]) {
    this.#hashes = pairs.map(sha256);
  }

  /** @param header the request's Authorization */
  allow(header: string | undefined): boolean {
    const match = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(header ?? '');
    if (match === null) return false;
    const given = sha256(Buffer.from(match[1]!, 'base64').toString('utf8'));
    return this.#hashes.filter((known) => timingSafeEqual(known, given)).length > 0;
  }
}

/**
 * Whether a request was addressed to this machine by a number, as localhost, or by a name that its owner allows. A web page
 * that made its own name point at 127.0.0.1 (DNS rebinding) sends that name here.
 */
export function isAllowedHost(header: string | undefined, allowed: readonly string[] = []): boolean {
  const host = hostIn(header);
  if (host === undefined) return false;
  return host === 'localhost' || isIP(host) !== 0 || allowed.includes(host);
}

/** A name in a network of one's own, such as that of a container: nobody has one without dots in the DNS. */
export function isNameWithoutDots(header: string | undefined): boolean {
  return /^[a-z0-9_-]+$/.test(hostIn(header) ?? '');
}

/** Whether a request comes from this machine, and not through a proxy that runs on it. */
export function isFromLoopback(
  remoteAddress: string | undefined,
  headers: Readonly<Record<string, unknown>>,
): boolean {
  if (['forwarded', 'x-forwarded-for', 'via'].some((name) => headers[name] !== undefined)) return false;
  const address = (remoteAddress ?? '').replace(/^::ffff:/, '');
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

function hostIn(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:]+)(:\d+)?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase().replace(/^\[|\]$/g, '');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
