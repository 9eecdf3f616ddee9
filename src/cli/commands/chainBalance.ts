import { type Command, textOf } from '../command.ts';
import { table } from '../terminal.ts';

type AddressBalance = { address: string; confirmed: string; immature: string; coins: number; height: number };

export const chainBalance: Command = {
  usage: 'balance <address>',
  summary: 'what any address holds in the chain',
  arguments: { address: { describe: 'an address, or a public key in hex' } },
  examples: [
    ['indiecoin chain balance $(indiecoin wallet address)', 'found by looking at every unspent output'],
  ],
  run: async (context) => {
    const found = await context.node.call<AddressBalance>('addressbalance', [textOf(context, 'address')]);
    context.terminal.answer(found, () =>
      table([
        ['confirmed', found.confirmed],
        ['immature', found.immature],
        ['coins', `${found.coins} at height ${found.height}`],
      ]),
    );
  },
};
