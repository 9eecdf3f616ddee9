/** How far a node is, or any long work. */
export type SyncFacts = Readonly<{
  /** `Syncing`. */
  label: string;
  done: number;
  total: number;
  /** What is counted: `blocks`. */
  unit: string;
  perSecond: number | undefined;
  peers?: number;
}>;

const MOST_BAR = 30;
const LEAST_BAR = 8;

/**
 * `Syncing ██████░░░░  61 %  12,345/20,100 blocks  2,310/s  ETA 3 s  8 peers` in at most so many columns. Where there is
 * less room, what matters least goes first; the numbers outlast the bar.
 */
export function syncLine(facts: SyncFacts, columns: number, hasUnicode: boolean): string {
  const { label, done, total, unit, perSecond, peers } = facts;
  const percent = `${Math.min(100, Math.floor((100 * done) / Math.max(1, total)))} %`;
  const heights = `${grouped(done)}/${grouped(total)}`;
  const rate = perSecond === undefined ? '' : `${grouped(perSecond)}/s`;
  const eta = etaOf(facts);
  const company = peers === undefined ? '' : `${peers} ${peers === 1 ? 'peer' : 'peers'}`;
  const choices = [
    [percent, `${heights} ${unit}`, rate, eta, company],
    [percent, `${heights} ${unit}`, rate, eta],
    [percent, heights, rate, eta],
    [percent, heights, eta],
    [percent, heights],
    [percent],
  ].map((parts) => parts.filter((part) => part !== '').join('  '));
  for (const text of choices) {
    const room = columns - label.length - text.length - 3;
    if (room >= LEAST_BAR) return `${label} ${bar(done / Math.max(1, total), room, hasUnicode)}  ${text}`;
    // The bar shows what the percents say: rather no bar than no heights.
    if (room >= -1 && text !== choices.at(-1)) return `${label}  ${text}`.slice(0, columns);
  }
  return percent.slice(0, columns);
}

function etaOf({ done, total, perSecond }: SyncFacts): string {
  if (perSecond === undefined) return '';
  if (perSecond <= 0) return 'ETA ?';
  return `ETA ${shortTime(Math.max(0, total - done) / perSecond)}`;
}

function bar(share: number, room: number, hasUnicode: boolean): string {
  const width = Math.min(MOST_BAR, room);
  const full = Math.min(width, Math.floor(share * width));
  const [on, off] = hasUnicode ? ['█', '░'] : ['#', '.'];
  return on.repeat(full) + off.repeat(width - full);
}

/** `1,234,567`; fractions only below ten. */
export function grouped(value: number): string {
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The two largest units: `12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function shortTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  if (hours > 24 * 365) return 'more than a year';
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
