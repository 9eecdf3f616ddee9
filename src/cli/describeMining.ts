import { type Terminal, table } from './terminal.ts';

export type MiningAnswer = Readonly<{
  mining: boolean;
  threads: number;
  hashesPerSecond: number;
  blocksFound: number;
  stale: number;
  /** `simd` or `plain`. */
  kernel: string;
  /** Until a block of ours, on average. */
  expectedSeconds?: number;
  address?: string;
  /** Who mines for the node by Stratum, if it has a port for it. */
  external?: { address: string; connections: number; hashesPerSecond: number; blocksFound: number };
  lastError?: string;
  privateKey?: string;
}>;

/** Shows what `mine` commands answer. */
export function answerMining(terminal: Terminal, mining: MiningAnswer): void {
  terminal.answer(mining, () => {
    const rows: [string, string][] = [
      [
        'mining',
        mining.mining ? `yes, ${mining.threads} ${mining.threads === 1 ? 'thread' : 'threads'}` : 'no',
      ],
      ['speed', `${formatHashRate(mining.hashesPerSecond)}${kernelNote(mining.kernel)}`],
      ['blocks found', `${mining.blocksFound}${mining.stale > 0 ? `, and ${mining.stale} too late` : ''}`],
    ];
    if (mining.expectedSeconds !== undefined) rows.push(['a block', describeWait(mining.expectedSeconds)]);
    if (mining.address !== undefined) rows.push(['paid to', mining.address]);
    if (mining.external !== undefined) rows.push(['by Stratum', describeExternal(mining.external)]);
    if (mining.lastError !== undefined) rows.push(['last error', mining.lastError]);
    return [...table(rows), ...privateKeyLines(mining.privateKey)];
  });
}

function describeExternal(external: NonNullable<MiningAnswer['external']>): string {
  const { address, connections, hashesPerSecond, blocksFound } = external;
  const speed = formatHashRate(hashesPerSecond);
  return `${connections} ${connections === 1 ? 'machine' : 'machines'} at ${address}, ${speed}, blocks found: ${blocksFound}`;
}

/** What is to be said beside a speed when it is not what the machine could do. */
export function kernelNote(kernel: string): string {
  return kernel === 'simd' ? '' : ', a fifth of what it could be: no SIMD on this machine';
}

/** How long the next block takes, on average: it may as well be found at once, or much later. */
export function describeWait(seconds: number): string {
  if (seconds < 1) return 'every moment';
  if (seconds < 120) return `every ${Math.round(seconds)} s on average`;
  if (seconds < 7200) return `every ${Math.round(seconds / 60)} min on average`;
  if (seconds < 172_800) return `every ${Math.round(seconds / 3600)} h on average`;
  if (seconds < 63_072_000) return `every ${Math.round(seconds / 86_400)} days on average`;
  return `every ${Math.round(seconds / 31_536_000)} years on average`;
}

/** The one time that a new mining key is shown. */
export function privateKeyLines(privateKey: string | undefined): string[] {
  if (privateKey === undefined) return [];
  return [
    `A new key for mining is in the wallet. Its private key, shown this once: ${privateKey}`,
    '`indiecoin wallet backup` shows the words that bring back the whole wallet.',
  ];
}

export function formatHashRate(perSecond: number): string {
  if (perSecond >= 1e9) return `${(perSecond / 1e9).toFixed(2)} GH/s`;
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} MH/s`;
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(1)} kH/s`;
  return `${Math.round(perSecond)} H/s`;
}
