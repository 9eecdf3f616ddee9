/** What the program's exit code says. Scripts rely on these: a number never changes its meaning. */
export const EXIT = {
  ok: 0,
  /** Something went wrong that has no number of its own. */
  failure: 1,
  /** The command line or a setting is wrong; nothing was done. */
  usage: 2,
  /** No node runs on this data directory. */
  notRunning: 3,
  /** The node says no: a rule, not enough coins, nothing of that name. */
  refused: 4,
  /** Another process has the data directory open. */
  inUse: 5,
  /** The database or the identity is not what was written, or the database belongs to another network or version. */
  damaged: 6,
  /** The disk is full, soon will be, or takes no more for another reason. */
  diskFull: 7,
  /** The wallet needs its passphrase, or got a wrong one. */
  locked: 8,
  /** `doctor` found something that does not work. */
  unwell: 9,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
