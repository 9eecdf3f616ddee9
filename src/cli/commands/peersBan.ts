import { type Command, optionalText, textOf } from '../command.ts';
import { wholeNumber } from '../wholeNumber.ts';

const DAY_SEC = 24 * 3600;
const MAX_SEC = 10 * 365 * DAY_SEC;

export const peersBan: Command = {
  usage: 'ban <peer>',
  summary: 'keep a peer out for a time',
  arguments: { peer: { describe: 'a peer id, an IP address, or the /64 of an IPv6 one' } },
  flags: {
    seconds: { requiresArg: true, description: `how long (default ${DAY_SEC}, a day)` },
    remove: { type: 'boolean', description: 'end the ban' },
  },
  examples: [
    ['indiecoin peers ban 203.0.113.5 --seconds 3600', 'for an hour'],
    ['indiecoin peers ban 203.0.113.5 --remove', 'let it in again'],
  ],
  run: async (context) => {
    const peer = textOf(context, 'peer');
    const seconds = wholeNumber(optionalText(context, 'seconds') ?? String(DAY_SEC), '--seconds', 1, MAX_SEC);
    if (context.arguments.remove === true) {
      await context.node.call('setban', [peer, 'remove']);
      context.terminal.answer({ unbanned: peer }, () => `${peer} may connect again.`);
      return;
    }
    await context.node.call('setban', [peer, 'add', seconds]);
    context.terminal.answer({ banned: peer, seconds }, () => `${peer} is banned for ${seconds} seconds.`);
  },
};
