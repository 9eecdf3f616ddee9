import { regtest } from '../../../src/params/regtest.ts';
import { WalletKeys } from '../../../src/wallet/walletKeys.ts';

/** A program: changes the passphrase of the wallet in a folder to and fro, from `old` to `new`, until it is killed. */
const keys = WalletKeys.load(process.argv[2]!, regtest)!;
process.stdout.write('changing\n');
for (let [from, to] = ['old', 'new']; ; [from, to] = [to, from]) await keys.changePassphrase(from, to!);
