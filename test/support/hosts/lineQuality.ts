/** What a line does to the packets on it, the same both ways. */
export type LineQuality = Readonly<{
  /** One way. */
  delayMs: number;
  /** Of a thousand packets, so many vanish. */
  lostPerThousand: number;
  /** Undefined: as fast as can be. */
  bitsPerSec?: number;
  /** Nothing arrives until it is not stalled any more; then what was on its way does. */
  isStalled?: boolean;
}>;

/** What the relay is told. */
export type LineOrder = Readonly<{ line: number; quality: LineQuality }>;

/** Where the tunnels of the switch lead, and where they come from. */
export const UNDERLAY = { switch: '10.255.0.1', relay: '10.255.0.2', port: 4789 } as const;
