import { type Command, textOf } from '../command.ts';
import { FEE_FLAGS, readFeeFlags } from '../feeFlags.ts';
import { passphraseToOpen } from '../prompt.ts';
import { readTxid } from '../readTxid.ts';

export const walletBump: Command = {
  usage: 'bump <txid>',
  summary: 'pay a higher fee for a payment of yours that no block takes',
  arguments: { txid: { describe: 'of the payment, see `indiecoin wallet history`' } },
  flags: {
    ...FEE_FLAGS,
    'fee-rate': {
      requiresArg: true,
      description: 'base units (10^-8 coins) per byte (default: the least that replaces the payment)',
    },
  },
  examples: [
    [
      'indiecoin wallet bump 98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4',
      'with the least that miners and peers accept as a replacement',
    ],
    [
      'indiecoin wallet bump 98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4 --fee-rate 20',
      'with 20 base units per byte',
    ],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const txid = readTxid(textOf(context, 'txid'));
    const { feeRate, target } = readFeeFlags(context);
    const { locked } = await node.call<{ locked: boolean }>('walletbalance');
    const options = {
      ...(feeRate !== undefined && { fee_rate: feeRate }),
      ...(target !== undefined && { conf_target: target }),
      ...(locked && { passphrase: await passphraseToOpen() }),
    };
    const bumped = await node.call<{ txid: string; origfee: number; fee: number }>('bumpfee', {
      txid,
      options,
    });
    const [oldFee, fee] = [bumped.origfee.toFixed(8), bumped.fee.toFixed(8)];
    const lines = [
      `The fee is ${fee} coins now, it was ${oldFee}.`,
      `Transaction ${bumped.txid}`,
      'One of the two will be in a block, never both.',
    ];
    const answer = { txid: bumped.txid, replaces: txid, oldFee, fee };
    terminal.answer(answer, () => lines, `The replacement is sent: transaction ${bumped.txid}`);
  },
};
