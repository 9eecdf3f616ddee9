import { addressMethods } from './addressMethods.ts';
import { blockchainMethods } from './blockchainMethods.ts';
import { chainControlMethods } from './chainControlMethods.ts';
import { chainStatsMethods } from './chainStatsMethods.ts';
import { coinMethods } from './coinMethods.ts';
import { controlMethods } from './controlMethods.ts';
import { mempoolMethods } from './mempoolMethods.ts';
import { miningMethods } from './miningMethods.ts';
import { networkMethods } from './networkMethods.ts';
import { text } from './parameters.ts';
import { rawTransactionMethods } from './rawTransactionMethods.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { type RpcMethod, rpcMethod, usageOf } from './rpcMethod.ts';
import { templateMethods } from './templateMethods.ts';
import { transactionMethods } from './transactionMethods.ts';
import { walletCoinLockMethods } from './walletCoinLockMethods.ts';
import { walletCoinMethods } from './walletCoinMethods.ts';
import { walletHistoryMethods } from './walletHistoryMethods.ts';
import { walletKeyMethods } from './walletKeyMethods.ts';
import { walletFileMethods, walletListMethods } from './walletListMethods.ts';
import { walletLockMethods } from './walletLockMethods.ts';
import { walletMethods } from './walletMethods.ts';
import { walletPaymentMethods } from './walletPaymentMethods.ts';
import { walletSigningMethods } from './walletSigningMethods.ts';

const help = rpcMethod({
  name: 'help',
  theme: 'Control',
  summary: 'All methods, or one of them explained.',
  example: 'indiecoin rpc help getblock',
  parameters: { command: text.optional() },
  run: (_services, { command }) => (command === undefined ? listMethods() : explainMethod(command)),
});

/** Every method of the RPC by its name. */
export const METHODS: ReadonlyMap<string, RpcMethod> = new Map(
  [
    ...blockchainMethods,
    ...coinMethods,
    ...chainStatsMethods,
    ...chainControlMethods,
    ...transactionMethods,
    ...rawTransactionMethods,
    ...mempoolMethods,
    ...networkMethods,
    ...miningMethods,
    ...templateMethods,
    ...addressMethods,
    ...walletMethods,
    ...walletCoinMethods,
    ...walletHistoryMethods,
    ...walletPaymentMethods,
    ...walletSigningMethods,
    ...walletCoinLockMethods,
    ...walletLockMethods,
    ...walletKeyMethods,
    ...walletListMethods,
    ...walletFileMethods,
    ...controlMethods,
    help,
  ].map((method) => [method.name, method]),
);

function listMethods(): string {
  const methods = [...METHODS.values()];
  const themes = [...new Set(methods.map(({ theme }) => theme))];
  return themes
    .map((theme) => [`== ${theme} ==`, ...methods.filter((of) => of.theme === theme).map(usageOf)].join('\n'))
    .join('\n\n');
}

function explainMethod(name: string): string {
  const method = METHODS.get(name);
  if (method === undefined) throw new RpcError(RPC_ERROR.misc, `help: unknown command: ${name}`);
  return `${usageOf(method)}\n\n${method.summary}\n\nExample:\n> ${method.example}\n`;
}
