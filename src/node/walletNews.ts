import { formatAmount } from '../wallet/amount.ts';
import type { TransactionListener } from '../wallet/wallet.ts';
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
