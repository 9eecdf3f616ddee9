import { type Terminal, table } from './terminal.ts';

export type MiningAnswer = Readonly<{
  mining: boolean;
  threads: number;
  hashesPerSecond: number;
  blocksFound: number;
  stale: number;
  address?: string;
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
      ['speed', formatHashRate(mining.hashesPerSecond)],
      ['blocks found', `${mining.blocksFound}${mining.stale > 0 ? `, and ${mining.stale} too late` : ''}`],
    ];
    if (mining.address !== undefined) rows.push(['paid to', mining.address]);
    if (mining.lastError !== undefined) rows.push(['last error', mining.lastError]);
    return [...table(rows), ...privateKeyLines(mining.privateKey)];
  });
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
