import type { NodeStatus } from './describeStatus.ts';
import { grouped, shortTime } from './syncLine.ts';

/** Whether it works, in one sentence, and what to do where something is to be done. */
export type Headline = Readonly<{ text: string; isWell: boolean }>;

/** A node finds its peers within this time, if it is to find any. */
const LONG_SEARCH_SEC = 30;

/** @param perSecond how fast the height grows, where it is known */
export function headlineOf(now: NodeStatus, perSecond?: number): Headline {
  const at = `height ${grouped(now.height)}`;
  switch (now.state) {
    case 'running': {
      const text = `Running: up to date at ${at}, with ${peersOf(now)}`;
      const count = now.warnings.length;
      if (count === 0) return { text: `${text}.`, isWell: true };
      return {
        text: `${text}; ${count === 1 ? 'a warning is' : `${count} warnings are`} below.`,
        isWell: false,
      };
    }
    case 'syncing':
      return { text: describeSync(now, perSecond), isWell: false };
    case 'evaluating':
      return { text: `Joining: asking ${peersOf(now)} how far they are; own ${at}.`, isWell: false };
    case 'isolated':
      return {
        text: `Alone: all peers are lost, at ${at}. It keeps trying; \`indiecoin doctor\` says what is wrong.`,
        isWell: false,
      };
    default:
      return { text: describeSearch(now), isWell: false };
  }
}

/** The height that is aimed at, as far as the node knows. */
export function targetOf({ headers, bestPeerHeight, height }: NodeStatus): number {
  return Math.max(headers, bestPeerHeight, height);
}

function peersOf({ peers }: NodeStatus): string {
  return `${peers} ${peers === 1 ? 'peer' : 'peers'}`;
}

function describeSync(now: NodeStatus, perSecond: number | undefined): string {
  const target = targetOf(now);
  const percent = Math.floor((100 * now.height) / Math.max(1, target));
  const far = `Behind: at height ${grouped(now.height)} of ${grouped(target)} (${percent} %)`;
  if (perSecond === undefined || perSecond <= 0) return `${far}, catching up by itself.`;
  const left = shortTime((target - now.height) / perSecond);
  return `${far}, catching up: ${grouped(perSecond)}/s, ${left} left.`;
}

function describeSearch({ uptimeSec, height, mining }: NodeStatus): string {
  const search = `${mining ? 'Mining alone' : 'Looking for peers'}, at height ${grouped(height)}`;
  if (uptimeSec < LONG_SEARCH_SEC) return `${search}.`;
  return `${search}: no peer in ${shortTime(uptimeSec)}. \`indiecoin doctor\` says what is wrong.`;
}
