/** The file with the node's key is there, and is not a key. Another start does not mend it. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
}
