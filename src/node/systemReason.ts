const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not do that',
  EPERM: 'this user may not do that',
  EISDIR: 'it is a folder',
  ENOTDIR: 'it is not a folder, or something in its path is not',
  EEXIST: 'there is a file of that name',
  EROFS: 'the disk is mounted for reading only',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open: raise the limit with ulimit -n',
};

/** Why the system refused a file, without its own words (`EACCES: permission denied, open …`) where we have better ones. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}

/** The path that the system refused, if that is what the error is. */
export function refusedPath(error: unknown): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  return code !== undefined && code in REASONS && typeof path === 'string' ? path : undefined;
}
