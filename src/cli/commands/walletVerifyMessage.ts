import { hexToBytes } from '../../bytes/hex.ts';
import { AddressError, decodeAddress } from '../../crypto/address.ts';
import { isOnCurve } from '../../crypto/keys.ts';
import { decodeBase64, verifyMessage } from '../../crypto/messageSignature.ts';
import { usageError } from '../cliError.ts';
import { type Command, textOf } from '../command.ts';
import { EXIT } from '../exitCodes.ts';

export const walletVerifyMessage: Command = {
  usage: 'verify-message <address> <signature> <message>',
  summary: 'check who signed a text; needs neither a wallet nor a node',
  arguments: {
    address: { describe: 'of the one who is said to have signed' },
    signature: { describe: 'in base64' },
    message: { describe: 'the text, to the letter' },
  },
  examples: [
    [
      'indiecoin wallet verify-message $(indiecoin wallet address) $(indiecoin wallet sign-message $(indiecoin wallet address) "it was me") "it was me"',
      'ends with code 4 when it was somebody else, or another text',
    ],
  ],
  run: async (context) => {
    const publicKey = keyOf(textOf(context, 'address'), context.config.params.addressPrefix);
    const signature = decodeBase64(textOf(context, 'signature'));
    if (signature === undefined) throw usageError('The signature is not base64: something of it is missing.');
    const valid = verifyMessage(textOf(context, 'message'), signature, publicKey);
    context.terminal.answer({ valid }, () =>
      valid
        ? 'The owner of this address signed this text.'
        : 'This is no signature of this text by the owner of this address.',
    );
    return valid ? EXIT.ok : EXIT.refused;
  },
};

function keyOf(payee: string, prefix: string): Uint8Array {
  if (/^0[23][0-9a-f]{64}$/i.test(payee) && isOnCurve(hexToBytes(payee))) return hexToBytes(payee);
  try {
    return decodeAddress(payee, prefix);
  } catch (error) {
    if (error instanceof AddressError) throw usageError(`"${payee}" is not an address: ${error.message}.`);
    throw error;
  }
}
