import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { bitsOf, unexpectedVersions, unknownRules } from '../consensus/unknownRules.ts';
import { lastWindowEnd, SOFT_FORKS } from '../consensus/versionBits.ts';
import type { Logger } from './log.ts';

/** In a chain of fewer blocks their versions say nothing yet. */
const MIN_BLOCKS = 10;
/** Further behind the best header than that, the newest block is not what miners do today (Bitcoin Core's first download). */
const BEHIND_SEC = 24 * 3600;

/** Something that the owner should upgrade for; the key tells whether it has been told before. */
type Finding = Readonly<{ key: string; sentence: string }>;

/** Looks out for rules that others follow and this program does not know. */
export class UpgradeWatch {
  readonly #chain: Chain;
  readonly #log: Logger;
  readonly #told = new Set<string>();
  #lookedAt: BlockNode | undefined;
  #found: readonly Finding[] = [];

  constructor(chain: Chain, log: Logger) {
    this.#chain = chain;
    this.#log = log;
  }

  /** What is so at the tip, as sentences. */
  warnings(): string[] {
    this.#look();
    return this.#found.map(({ sentence }) => sentence);
  }

  /** To be called at the start and when the tip has moved: everything goes into the log once. */
  update(): void {
    this.#look();
    for (const { key, sentence } of this.#found) {
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#log.warn({ height: this.#chain.tip.height }, sentence);
    }
  }

  #look(): void {
    const { tip, bestHeader } = this.#chain;
    if (tip === this.#lookedAt || bestHeader.timeSec - tip.timeSec > BEHIND_SEC) return;
    this.#lookedAt = tip;
    this.#found = [...findRules(this.#chain), ...findVersions(this.#chain), ...findDeployments(this.#chain)];
  }
}

/** The first words are Bitcoin Core's. */
function findRules({ tip, params }: Chain): Finding[] {
  const { active, lockedIn } = unknownRules(tip, params);
  const { windowBlocks } = params.unknownSignalling;
  const height = (lastWindowEnd(tip, windowBlocks)?.height ?? 0) + windowBlocks + 1;
  return [
    ...bitsOf(active).map((bit) => ({
      key: `active ${bit}`,
      sentence: `Unknown new rules activated (versionbit ${bit}): this version no longer checks everything that others do. Upgrade IndieCoin.`,
    })),
    ...bitsOf(lockedIn).map((bit) => ({
      key: `locked in ${bit}`,
      sentence: `Unknown new rules are about to activate (versionbit ${bit}), from block ${height} on. Upgrade IndieCoin before.`,
    })),
  ];
}

function findVersions({ tip, params }: Chain): Finding[] {
  const { count, of } = unexpectedVersions(tip, params);
  if (of < MIN_BLOCKS || count * 2 <= of) return [];
  const sentence = `Unknown block versions being mined! ${count} of the last ${of} blocks have one: new rules may be coming. Look for a newer version of IndieCoin.`;
  return [{ key: 'versions', sentence }];
}

function findDeployments({ params }: Chain): Finding[] {
  return params.deployments
    .filter(({ name }) => !SOFT_FORKS.includes(name))
    .map(({ name }) => ({
      key: `deployment ${name}`,
      sentence: `This version does not have the rules of the soft fork "${name}" of this network: it signals them, but does not enforce them. It has those of: ${SOFT_FORKS.join(', ')}.`,
    }));
}
