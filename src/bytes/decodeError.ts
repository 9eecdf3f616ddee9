/** Bytes that are not what their format says. The only thing that a decoder throws. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}
