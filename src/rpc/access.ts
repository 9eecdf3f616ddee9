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
 * Whether a request was addressed to this machine by a number or as localhost. A web page that made its own name point at
 * 127.0.0.1 (DNS rebinding) sends that name here.
 */
export function isAllowedHost(header: string | undefined): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:]+)(:\d+)?$/i.exec(header ?? '');
  if (match === null) return false;
  const host = match[1]!.toLowerCase().replace(/^\[|\]$/g, '');
  return host === 'localhost' || isIP(host) !== 0;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
