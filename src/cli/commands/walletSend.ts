import { decodeAddress } from '../../crypto/address.ts';
import { parseAmount } from '../../wallet/amount.ts';
import { usageError } from '../cliError.ts';
import { type Command, textOf } from '../command.ts';
import { FEE_FLAGS, readFeeFlags } from '../feeFlags.ts';
import { passphraseToOpen } from '../prompt.ts';

export const walletSend: Command = {
  usage: 'send <address> <amount>',
  summary: 'pay an address',
  arguments: {
    address: { describe: 'who is paid' },
    amount: { describe: 'coins, with at most 8 decimals' },
  },
  flags: FEE_FLAGS,
  examples: [
    ['indiecoin wallet send $(indiecoin wallet address) 1.5', 'pay yourself one and a half coins'],
    ['indiecoin wallet send $(indiecoin wallet address) 0.01 --fee-rate 10', 'a higher fee is mined sooner'],
    [
      'indiecoin wallet send $(indiecoin wallet address) 0.01 --target 12',
      'a fee that was enough lately to be in a block within an hour',
    ],
  ],
  run: async (context) => {
    const { node, terminal, config } = context;
    const address = textOf(context, 'address');
    const amount = textOf(context, 'amount');
    checkPayment(address, amount, config.params.addressPrefix);
    const { feeRate: feerate, target } = readFeeFlags(context);
    const { locked } = await node.call<{ locked: boolean }>('walletbalance');
    const passphrase = locked ? await passphraseToOpen() : undefined;
    const params = {
      address,
      amount,
      ...(feerate && { feerate }),
      ...(target && { target }),
      ...(passphrase && { passphrase }),
    };
    const sent = await node.call<{ txid: string; amount: string; fee: string }>('walletsend', params);
    const lines = [`Sent ${sent.amount} coins, and ${sent.fee} as a fee.`, `Transaction ${sent.txid}`];
    terminal.answer(sent, () => lines, `The payment is sent: transaction ${sent.txid}`);
  },
};

/** Slips of the keyboard are found before the node is asked. */
function checkPayment(address: string, amount: string, prefix: string): void {
  parseAmount(amount);
  if (/^0[23][0-9a-f]{64}$/i.test(address)) return;
  try {
    decodeAddress(address, prefix);
  } catch (error) {
    throw usageError(`"${address}" cannot be paid: ${(error as Error).message}.`);
  }
}
