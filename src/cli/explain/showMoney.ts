import type { MadeCoin, SpentCoin, TransactionExplanation } from '../../explain/explanation.ts';
import { coins, plural, whole } from '../../explain/words.ts';
import type { Page } from './page.ts';

const SHOWN = 10;

/** Where the money comes from, and where it goes. */
export function showMoney(
  page: Page,
  { spent, made }: NonNullable<TransactionExplanation['money']>,
  about: string,
): void {
  page.heading('The money', about);
  page.blank();
  for (const one of spent.slice(0, SHOWN)) showSpent(page, one);
  if (spent.length > SHOWN) page.text(`and ${plural(spent.length - SHOWN, 'more coin')}`, 2);
  for (const one of made.slice(0, SHOWN)) showMade(page, one);
  if (made.length > SHOWN) page.text(`and ${plural(made.length - SHOWN, 'more coin')}`, 2);
}

function showSpent(page: Page, { txid, output, amount, height, isCoinbase, lock }: SpentCoin): void {
  const what = amount === undefined ? 'a coin that is not known here' : `${coins(amount)} coins`;
  const maker = isCoinbase === true ? 'new in' : 'made in';
  const when = height === undefined ? '' : `, ${maker} block ${whole(height)}`;
  page.text(`in   ${what}${when}: output ${output} of`);
  page.text(txid, 5);
  if (lock !== undefined) page.beside('     of', lock, 8);
}

function showMade(page: Page, { amount, lock, isChange }: MadeCoin): void {
  page.text(`out  ${coins(amount)} coins${isChange ? ', back to where coins came from: the change' : ''}`);
  page.beside('     to', lock, 8);
}
