/** What Bitcoin Core's words leave open, for a person: what to do next. */
const NEXT_STEPS: readonly (readonly [RegExp, string])[] = [
  [/^Block height out of range|^Block not found/, '`indiecoin chain info` says how far the chain goes.'],
  [/^Invalid or non-wallet transaction id/, '`indiecoin wallet history` has those that there are.'],
  [
    /^No wallet is loaded/,
    'Here that is `indiecoin wallet new`; `indiecoin wallet restore` brings back one from its words.',
  ],
  [
    /^Transaction not eligible for abandonment/,
    'The mempool or a block has it, another payment took its place, or it is not yours. `indiecoin wallet bump` pays more for one of yours that waits.',
  ],
  [
    /^Transaction has been mined/,
    'There is nothing left to pay for: `indiecoin wallet history` shows how deep it is.',
  ],
  [/running with an unencrypted wallet/, '`indiecoin wallet passphrase` sets a passphrase.'],
  [/^Not connected to|^Node not found/, '`indiecoin peers list` has those that there are.'],
  [/neither an IP address nor a peer id/, '`indiecoin peers list --json` has both of each peer.'],
  [
    /There is a wallet in .* already\.$/,
    '`indiecoin wallet address` shows where it is paid, `indiecoin wallet backup` its words.',
  ],
];

/** The message of a refusal, and behind it what to do next where it does not say so itself. */
export function withNextStep(message: string): string {
  const step = NEXT_STEPS.find(([pattern]) => pattern.test(message))?.[1];
  return step === undefined ? message : `${message.replace(/\.?$/, '.')} ${step}`;
}
