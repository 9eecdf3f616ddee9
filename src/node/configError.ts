/** A setting that cannot be, said so that the person knows which and what to write instead. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
