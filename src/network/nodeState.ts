/**
 * What a person sees of a node's life.
 * - `bootstrapping`: looking for the first peers.
 * - `evaluating`: asking those found how far they are.
 * - `syncing`: fetching the chain.
 * - `running`: up to date, as far as the peers know.
 * - `isolated`: every peer is lost; it goes on looking.
 */
export const NODE_STATES = ['bootstrapping', 'evaluating', 'syncing', 'running', 'isolated'] as const;
export type NodeState = (typeof NODE_STATES)[number];

export function nodeStateOf(facts: {
  connected: number;
  introduced: number;
  hadPeers: boolean;
  isSyncing: boolean;
}): NodeState {
  if (facts.introduced > 0) return facts.isSyncing ? 'syncing' : 'running';
  if (facts.connected > 0) return 'evaluating';
  return facts.hadPeers ? 'isolated' : 'bootstrapping';
}
