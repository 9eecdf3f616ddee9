import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Client from 'bitcoin-core';
import type { z } from 'zod';
import { NodeProcess } from './nodeProcess.ts';

/** A node, and the npm package `bitcoin-core` as its client. */
export type ClientOfNode = Readonly<{
  node: NodeProcess;
  client: Client;
  /** Refuses what it does not know of that version, and takes parameters by name. */
  versioned: Client;
}>;

export async function startWithClient(dataDir: string, seeds: readonly string[] = []): Promise<ClientOfNode> {
  mkdirSync(dataDir);
  const args = ['--rpc-user', 'alice'];
  const node = await NodeProcess.start({
    dataDir,
    seeds,
    args,
    env: { INDIECOIN_RPC_PASSWORD: 'wonderland' },
  });
  const host = readFileSync(join(dataDir, '.rpc-address'), 'utf8').trim();
  const login = { host: `http://${host}`, username: 'alice', password: 'wonderland' };
  return { node, client: new Client(login), versioned: new Client({ ...login, version: '28.0.0' }) };
}

/** The answer of a method, which must be of the shape. */
export async function answerOf<Shape extends z.ZodType>(
  client: Client,
  shape: Shape,
  method: string,
  ...parameters: unknown[]
): Promise<z.infer<Shape>> {
  const answer: unknown = await client.command(method, ...parameters);
  const parsed = shape.safeParse(answer);
  const text = JSON.stringify(answer, null, 1)?.slice(0, 3000);
  assert.ok(parsed.success, `${method}: ${parsed.error?.message}\n${text}`);
  // The client's objects have no prototype, which deepEqual would find.
  return JSON.parse(JSON.stringify(answer)) as z.infer<Shape>;
}
