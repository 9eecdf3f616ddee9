/** What a process of a crowd is told, over its IPC channel, and what it answers. */
export type CrowdOrder =
  /** One peer from each of these addresses joins the node, one after the other. */
  | Readonly<{ do: 'join'; target: string; from: readonly string[] }>
  /** How many have an open connection to the node, and how many have heard of this block by gossip. */
  | Readonly<{ do: 'count'; blockHash: string }>
  /** All ask for this block at once, and again while they are told to wait. */
  | Readonly<{ do: 'fetch'; blockHash: string; bytes: number }>
  /** So many bare sockets that say nothing, and so many strangers with an identity each, who try to become peers. */
  | Readonly<{
      do: 'knock';
      target: string;
      socketsFrom: readonly string[];
      sockets: number;
      strangersFrom: readonly string[];
      strangers: number;
    }>;

export type CrowdAnswer = Readonly<{
  joined?: number;
  connected?: number;
  heard?: number;
  /** Milliseconds until each had the whole block: those that got it. */
  fetchedMs?: number[];
  /** How often a request for the block was in vain, by what was said. */
  failures?: Record<string, number>;
  /** Strangers who were answered, and who were turned away. */
  answered?: number;
  refused?: number;
  failure?: string;
}>;
