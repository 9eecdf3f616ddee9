// npm run bench -- NAME [OPTIONS]: runs one benchmark, which prints what it measures.
const benches: Record<string, () => Promise<{ run(options: readonly string[]): Promise<void> }>> = {
  'bad-peers': () => import('./badPeers.ts'),
  chain: () => import('./chain.ts'),
  crowd: () => import('./crowd.ts'),
  mempool: () => import('./mempool.ts'),
  merkle: () => import('./merkle.ts'),
  mining: () => import('./mining.ts'),
  'mining-together': () => import('./miningTogether.ts'),
  network: () => import('./network.ts'),
  nonce: () => import('./nonce.ts'),
  verify: () => import('./verify.ts'),
};

const [name = '', ...options] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  console.error(`which benchmark? one of: ${Object.keys(benches).join(', ')}`);
  process.exit(1);
}
await (await load()).run(options);
