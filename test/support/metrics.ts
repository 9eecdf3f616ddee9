/** One line of Prometheus' text format. */
export type Series = Readonly<{ name: string; labels: Readonly<Record<string, string>>; value: number }>;

/** What a scrape holds: the series, and the help text of every metric. */
export function parseMetrics(text: string): { series: Series[]; help: Map<string, string> } {
  const help = new Map<string, string>();
  const series: Series[] = [];
  for (const line of text.split('\n')) {
    const explained = /^# HELP (\S+) (.*)$/.exec(line);
    if (explained) help.set(explained[1]!, explained[2]!);
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) throw new Error(`not a line of Prometheus' format: ${line}`);
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    series.push({
      name: match[1]!,
      labels: Object.fromEntries(labels.map(([, name, value]) => [name!, value!])),
      value: Number(match[3]),
    });
  }
  return { series, help };
}

/** A metric that a PromQL expression reads, with what it asks of labels. */
export type Selector = Readonly<{
  name: string;
  matchers: readonly [label: string, operator: string, value: string][];
}>;

/** Every word with one of our prefixes is a metric: nothing else in the expressions has one. */
export function selectorsOf(expression: string): Selector[] {
  const found = expression.matchAll(/\b((?:indiecoin|libp2p|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g);
  return [...found].map(([, name, inside = '']) => ({
    name: name!,
    matchers: [...inside.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
      ([, label, operator, value]) => [label!, operator!, value!] as const,
    ) as [string, string, string][],
  }));
}

export function matches({ labels }: Series, { matchers }: Selector): boolean {
  return matchers.every(([label, operator, value]) => {
    // What Prometheus adds to every series of a target.
    if (label === 'instance' || label === 'job') return true;
    const given = labels[label] ?? '';
    if (operator === '=') return given === value;
    if (operator === '!=') return given !== value;
    return new RegExp(`^(?:${value})$`).test(given) === (operator === '=~');
  });
}
