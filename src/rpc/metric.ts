import { Counter, Gauge, type Registry } from 'prom-client';

/** Values of labels, in the order in which the metric names them, and the number. Undefined numbers are left out. */
export type Sample = readonly [...labels: string[], value: number | undefined];

/** One metric: read when it is asked for, so that it costs nothing in between. */
export type MetricOptions = Readonly<{
  /** Prometheus' way: the unit last, and `_total` behind that of a counter. */
  name: string;
  /** One sentence. */
  help: string;
  /** Each with few values, none of which a stranger can choose. */
  labels?: readonly string[];
  read: () => Iterable<Sample> | number | undefined;
}>;

/** A number that goes up and down. */
export function addGauge(registry: Registry, options: MetricOptions): void {
  const { name, help, labels = [] } = options;
  const gauge: Gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: () => {
      gauge.reset();
      for (const [values, value] of samplesOf(options)) gauge.set(values, value);
    },
  });
}

/** A number that only goes up, as long as the process lives. */
export function addCounter(registry: Registry, options: MetricOptions): void {
  const { name, help, labels = [] } = options;
  const counter: Counter = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: () => {
      counter.reset();
      for (const [values, value] of samplesOf(options)) counter.inc(values, value);
    },
  });
}

function* samplesOf({
  labels = [],
  read,
}: MetricOptions): Generator<[labels: Record<string, string>, value: number]> {
  const result = read();
  const samples = typeof result === 'object' ? result : [[result] as const];
  for (const sample of samples) {
    const value = sample.at(-1);
    if (typeof value !== 'number') continue;
    yield [Object.fromEntries(labels.map((label, i) => [label, String(sample[i])])), value];
  }
}

/** The least, the middle and the greatest of many: what can be told of peers without a label for each. */
export function* spread(numbers: readonly number[]): Generator<Sample> {
  if (numbers.length === 0) return;
  const sorted = numbers.toSorted((a, b) => a - b);
  yield ['min', sorted[0]];
  yield ['median', sorted[Math.floor(sorted.length / 2)]];
  yield ['max', sorted.at(-1)];
}
