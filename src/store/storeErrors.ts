/** What is on disk is not what was written there. The message names the part. */
export class DatabaseDamagedError extends Error {
  override readonly name = 'DatabaseDamagedError';
}

/** Another process has the data directory open. */
export class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError';
}

/** The data directory belongs to another network, or to another version of the program. */
export class DatabaseForeignError extends Error {
  override readonly name = 'DatabaseForeignError';
}

/** The disk is full, or takes no more for another reason. What was reported as done is not touched by it. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
}
