import { MAX_UNLOCK_SEC } from '../../wallet/unlockedAccount.ts';
import { CliError } from '../cliError.ts';
import { type Command, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { passphraseToOpen } from '../prompt.ts';
import type { RpcClient } from '../rpcClient.ts';
import { wholeNumber } from '../wholeNumber.ts';

const DEFAULT_SEC = '60';

export const walletUnlock: Command = {
  usage: 'unlock',
  summary: 'let payments do without the passphrase for a while',
  flags: {
    for: { requiresArg: true, description: `seconds (default ${DEFAULT_SEC})` },
  },
  examples: [
    ['indiecoin wallet unlock', 'for a minute'],
    ['indiecoin wallet unlock --for 3600', 'for an hour, or until `indiecoin wallet lock`'],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const seconds = wholeNumber(optionalText(context, 'for') ?? DEFAULT_SEC, '--for', 1, MAX_UNLOCK_SEC);
    await requireProtected(node);
    await node.call('walletpassphrase', [await passphraseToOpen(), seconds]);
    const until = Math.floor(Date.now() / 1000) + seconds;
    terminal.answer(
      { locked: false, until },
      () => `The wallet is unlocked for ${seconds} seconds. \`indiecoin wallet lock\` ends it earlier.`,
    );
  },
};

/** Before a passphrase is asked for that there is not. */
async function requireProtected(node: RpcClient): Promise<void> {
  const { exists, protected: isProtected } = await node.call<{ exists: boolean; protected: boolean }>(
    'walletbalance',
  );
  if (!exists) throw new CliError(EXIT.refused, 'There is no wallet yet: `indiecoin wallet new` makes one.');
  if (isProtected) return;
  const message = 'The wallet has no passphrase: payments need none. `indiecoin wallet passphrase` sets one.';
  throw new CliError(EXIT.refused, message);
}
