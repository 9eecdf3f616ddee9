import { formatAmount } from '../wallet/amount.ts';
import type { DroppedListener, TransactionListener } from '../wallet/unconfirmedPayments.ts';
import type { Logger } from './log.ts';
import type { WalletNotifier } from './walletNotifier.ts';

/**
 * Tells the owner of payments that come in: a line when one is seen and one when a block has it. Their own and mined
 * coins are told of elsewhere; the command that they may have set is run for those too.
 */
export function tellOfPayments(log: Logger, notifier: WalletNotifier | undefined): TransactionListener {
  return (entry, isWatchOnly) => {
    const { txid, height, received, spent, isCoinbase } = entry;
    const isIncoming = !isCoinbase && received > spent;
    const who = isWatchOnly ? ' for a watched address' : '';
    if (isIncoming) {
      const amount = `${formatAmount(received - spent)} coins${who}`;
      if (height === undefined) log.info({ txid }, `${amount} are on their way, unconfirmed`);
      else log.info({ txid, height }, `${amount} have come in`);
    }
    notifier?.notify(entry);
  };
}

/** Tells the owner of payments that will not happen: the last that they heard of them is not true any more. */
export function tellOfDropped(log: Logger, notifier: WalletNotifier | undefined): DroppedListener {
  return ({ entry, replacedBy }, { wasConfirmed, isWatchOnly }) => {
    const { txid, received, spent, isCoinbase } = entry;
    const isIncoming = received > spent;
    const amount = `${formatAmount(isIncoming ? received - spent : spent - received)} coins`;
    const who = isWatchOnly ? ' for a watched address' : '';
    const about = { txid, ...(replacedBy !== undefined && { replacedBy }) };
    if (isCoinbase) {
      log.info(about, `${amount}${who}, mined in a block that the chain has left, are gone`);
    } else if (isIncoming) {
      const past = wasConfirmed ? 'had come in' : 'were on their way';
      const what =
        replacedBy === undefined
          ? 'are in no block and not in the mempool: their sender may have to send them again'
          : 'will not come: another payment spends the same coins';
      log.warn(about, `${amount}${who} that ${past} ${what}`);
    } else {
      const what = replacedBy === undefined ? 'its coins are gone' : 'another payment spends the same coins';
      log.warn(
        about,
        `a payment of ${amount}${who}${wasConfirmed ? ', confirmed before,' : ''} will not happen: ${what}`,
      );
    }
    notifier?.notify(entry);
  };
}
