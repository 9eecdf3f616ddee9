import { parse } from 'smol-toml';
import { z } from 'zod';
import { hexToBytes } from '../bytes/hex.ts';
import { makeNetwork, NetworkKeyError } from './makeNetwork.ts';
import { COIN, MAX_MONEY, type NetworkParams, type Signalling } from './networkParams.ts';
import { networkByName } from './networks.ts';
import { REGTEST_SIGNALLING } from './regtest.ts';

/** A network file that cannot be used; the message names the key. */
export class NetworkFileError extends Error {
  override readonly name = 'NetworkFileError';
}

const MAX_U32 = 0xffff_ffff;

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`), `must be ${bytes * 2} hex digits`);
const whole = (least: number, most: number) => z.int().min(least).max(most);
const port = whole(1, 65535);

const deployment = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -'),
    bit: whole(0, 28),
    startTime: whole(0, Number.MAX_SAFE_INTEGER),
    timeout: whole(0, Number.MAX_SAFE_INTEGER),
    windowBlocks: whole(1, 1_000_000),
    threshold: whole(1, 1_000_000),
  })
  .refine(({ threshold, windowBlocks }) => threshold <= windowBlocks, {
    path: ['threshold'],
    error: 'is more than there are blocks in a window',
  });
const deployments = z
  .array(deployment)
  .max(29)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two have the same name');

/** The keys of a network file, and what each may be. `test/vectors/bitcoin-regtest.toml` is a whole example. */
const file = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -')
    .refine((name) => !networkByName(name), 'is the name of a built-in network'),
  magic: hex(4),
  genesis: z.string().regex(/^([0-9a-fA-F]{2})+$/, 'must be the hex of a block'),
  easiestBits: hex(4),
  spacingSec: whole(1, 1_000_000),
  retargetBlocks: whole(0, 1_000_000),
  subsidyCoins: z.string().regex(/^\d{1,8}(\.\d{1,8})?$/, 'must be coins as a decimal string, like "50"'),
  halvingBlocks: whole(1, MAX_U32),
  coinbaseMaturity: whole(1, 1_000_000),
  // A larger block could not be gossiped, and a smaller one has no room for outputs.
  maxBlockBytes: whole(250_000, 3_000_000),
  addressPrefix: z.string().regex(/^[a-z0-9]{1,16}$/, 'must be 1 to 16 of a-z and 0-9'),
  seedPort: port,
  rpcPort: port,
  seeds: z.array(z.string().min(1)).max(100),
  minimumChainWork: z
    .string()
    .regex(/^[0-9a-fA-F]{1,64}$/, 'must be a hex number')
    .default('0'),
  deployments: deployments.default([]),
});

/** Reads the text of a network file (TOML). @throws NetworkFileError */
export function parseNetworkFile(text: string): NetworkParams {
  // With its input an issue tells a key that is missing from one of the wrong type.
  const result = file.safeParse(parseToml(text), { reportInput: true });
  if (!result.success) throw new NetworkFileError(describe(result.error.issues[0]!));
  const { subsidyCoins, minimumChainWork, deployments, ...keys } = result.data;
  const subsidy = coinsToAmount(subsidyCoins);
  if (subsidy > MAX_MONEY)
    throw new NetworkFileError('subsidyCoins: is more than all the money there can be');
  try {
    return makeNetwork({
      ...keys,
      subsidy,
      magic: hexToBytes(keys.magic),
      genesis: hexToBytes(keys.genesis),
      easiestBits: Number.parseInt(keys.easiestBits, 16),
      minimumChainWork: BigInt(`0x${minimumChainWork}`),
      deployments: deployments.map(({ startTime, timeout, ...rest }) => ({
        ...rest,
        startTimeSec: startTime,
        timeoutSec: timeout,
      })),
      unknownSignalling: deployments[0] ?? usualSignalling(keys.retargetBlocks),
    });
  } catch (error) {
    if (error instanceof NetworkKeyError) throw new NetworkFileError(error.message, { cause: error });
    throw error;
  }
}

/** As on mainnet where the target changes, as on regtest where it does not. */
function usualSignalling(retargetBlocks: number): Signalling {
  if (retargetBlocks === 0) return REGTEST_SIGNALLING;
  return { windowBlocks: retargetBlocks, threshold: Math.floor(0.95 * retargetBlocks) };
}

function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new NetworkFileError(`not TOML: ${(cause as Error).message}`, { cause });
  }
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `${[...issue.path, issue.keys[0]].join('.')}: is not a key of a network`;
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  return `${issue.path.join('.')}: ${isMissing ? 'is missing' : issue.message}`;
}

function coinsToAmount(coins: string): bigint {
  const [whole, fraction = ''] = coins.split('.');
  return BigInt(whole!) * COIN + BigInt(fraction.padEnd(8, '0'));
}
