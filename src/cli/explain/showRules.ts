import type { Explanation } from '../../explain/explanation.ts';
import type { RuleResult, RuleStatus } from '../../explain/rule.ts';
import { plural } from '../../explain/words.ts';
import type { Page } from './page.ts';

const LABELS: Readonly<Record<RuleStatus, string>> = {
  ok: 'ok',
  broken: 'BROKEN',
  later: 'later',
  unchecked: '?',
};
const COLORS = { ok: 'green', broken: 'red', later: 'yellow', unchecked: 'yellow' } as const;
const COLUMN = 8;

/** Every rule with what came of it, and the values that were compared. */
export function showRules(page: Page, rules: readonly RuleResult[]): void {
  const { terminal } = page;
  page.heading(
    'The rules',
    'What a node asks before it accepts this, by the functions that the node itself uses. In brackets, what breaking the ' +
      'rule is called, here and in Bitcoin Core. Below each, the values that were compared.',
  );
  if (rules[0]?.status === 'broken' && rules[0].code === 'decode') {
    page.text('What cannot be read cannot be asked much: only what can still be asked is shown.');
  }
  let before: string | undefined;
  page.blank();
  for (const { code, asks, status, detail, group } of rules) {
    if (group !== undefined && group !== before) page.lines.push('', terminal.bold(group));
    before = group;
    const label = LABELS[status];
    const at = page.lines.length;
    page.beside(label, `${asks} [${code}]`, COLUMN);
    page.lines[at] = page.lines[at]!.replace(label, terminal.style(COLORS[status], label));
    const text = status === 'unchecked' ? `not checked: needs ${detail}` : detail;
    if (text !== '') page.beside('', text, COLUMN, (line) => terminal.dim(line));
  }
}

/** In one sentence, what came of all of them. */
export function verdictOf(explanation: Explanation): string {
  const { kind, rules } = explanation;
  const count = (status: RuleStatus) => rules.filter((rule) => rule.status === status).length;
  const [isBroken, unchecked, later] = [count('broken') > 0, count('unchecked'), count('later')];
  const first = rules.find(({ status }) => status === 'broken');
  const parts = [`${plural(count('ok'), 'rule')} hold`];
  if (count('ok') === 1) parts[0] = '1 rule holds';
  if (isBroken) parts.push(`${count('broken')} broken`);
  if (later > 0) parts.push(`${later} came later than this ${kind}`);
  if (unchecked > 0) parts.push(`${unchecked} not checked`);
  const word = isBroken
    ? `INVALID, by ${first!.code}`
    : 'isGenesis' in explanation
      ? 'the first block, valid by its hash alone'
      : unchecked > 0
        ? 'nothing wrong was found'
        : `a valid ${kind}`;
  return `${word}: ${parts.join(', ')}`;
}
