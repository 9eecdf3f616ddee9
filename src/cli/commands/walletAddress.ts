import { hexToBytes } from '../../bytes/hex.ts';
import { GAP_LIMIT } from '../../wallet/keyRing.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { type Command, type Context, optionalText } from '../command.ts';
import { describeOwnKey, type OwnAddressAnswer } from '../ownAddress.ts';
import { passphraseOfEnvironment } from '../prompt.ts';

export const walletAddress: Command = {
  usage: 'address',
  summary: 'an address to be paid at; makes a wallet where there is none',
  flags: {
    new: { type: 'boolean', description: 'one that nobody was given yet' },
    label: { requiresArg: true, description: 'what you call it' },
  },
  examples: [
    ['indiecoin wallet address', 'the same until somebody paid to it'],
    ['indiecoin wallet address --new', 'another one'],
    ['indiecoin wallet address --new --label rent', 'another one, with a name'],
  ],
  run: async (context) => {
    const { node, terminal } = context;
    const isFresh = context.arguments.new === true;
    const answer = (await node.isRunning())
      ? await node.call<OwnAddressAnswer>('walletaddress', [isFresh])
      : await addressOffline(context, isFresh);
    const label = optionalText(context, 'label');
    if (label !== undefined) await setLabel(context, answer, label);
    terminal.answer(answer, () => answer.address);
    if (answer.beyondGap === true) {
      terminal.note(
        `${GAP_LIMIT} addresses before this one were never paid: a restore from the words alone would not find what it gets. \`indiecoin wallet backup FILE\` keeps it in mind.`,
      );
    }
  },
};

async function setLabel({ node, config }: Context, own: OwnAddressAnswer, label: string): Promise<void> {
  if (await node.isRunning()) await node.call('setlabel', [own.address, label]);
  else await WalletKeys.load(config.dataDir, config.params)!.setLabel(hexToBytes(own.publicKey), label);
}

/** Straight from the wallet's file: an address needs no node. */
async function addressOffline({ config }: Context, isFresh: boolean): Promise<OwnAddressAnswer> {
  const { dataDir, params } = config;
  let keys = WalletKeys.load(dataDir, params);
  if (keys === undefined) {
    const passphrase = passphraseOfEnvironment(process.env);
    const nowSec = Math.floor(Date.now() / 1000);
    ({ keys } = await WalletKeys.create(dataDir, params, { passphrase, birthHeight: 0, nowSec }));
  }
  return describeOwnKey(keys, isFresh ? await keys.freshKey('receive') : await keys.currentReceive(), params);
}
