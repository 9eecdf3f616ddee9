import { type Command, textOf } from '../command.ts';
import { readTxid } from '../readTxid.ts';

export const walletAbandon: Command = {
  usage: 'abandon <txid>',
  summary: 'give up a payment of yours that the network has forgotten',
  arguments: { txid: { describe: 'of the payment, see `indiecoin wallet history`' } },
  examples: [
    [
      'indiecoin wallet abandon 98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4',
      'its coins can be spent again; who still has the payment may yet send it',
    ],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const txid = readTxid(textOf(context, 'txid'));
    await node.call('abandontransaction', [txid]);
    terminal.answer({ abandoned: txid }, () => 'Its coins can be spent again.');
  },
};
