/** What a process is to be killed in the middle of, and how often. */
export type KillPlan = Readonly<{
  /** An empty folder. */
  folder: string;
  /** Kills that fall into what is meant; those that come too early or too late are tried again. */
  kills: number;
  /** Numbers from 0 to 1. */
  random: () => number;
}>;

/** Kills that fell into what was meant, and all of them. */
export type KillCount = { within: number; all: number };

/** Tries until enough kills have fallen into what is meant. `attempt` kills once and says whether it did. */
export async function killUntil(kills: number, attempt: (n: number) => Promise<boolean>): Promise<KillCount> {
  const count: KillCount = { within: 0, all: 0 };
  while (count.within < kills) {
    if (count.all >= 10 + 4 * kills)
      throw new Error(`only ${count.within} of ${count.all} kills fell where they should`);
    if (await attempt(count.within)) count.within++;
    count.all++;
  }
  return count;
}
