export type WalletErrorCode =
  | 'no-wallet'
  | 'exists'
  | 'locked'
  | 'wrong-passphrase'
  | 'wrong-state'
  | 'bad-words'
  | 'damaged'
  | 'pruned'
  | 'bad-amount'
  | 'insufficient-funds'
  | 'fee-too-low'
  | 'fee-too-high'
  | 'too-many-inputs'
  | 'too-many-addresses'
  | 'too-many-labels'
  | 'not-own'
  | 'own-key'
  | 'rescanning';

/** What keeps the wallet from doing what it was asked, in a sentence for the person who asked. */
export class WalletError extends Error {
  override readonly name = 'WalletError';
  readonly code: WalletErrorCode;

  constructor(code: WalletErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
