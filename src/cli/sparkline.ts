const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** From low to high, as far as ASCII has it. */
const ASCII = ['_', '.', '-', ':', '=', '+', '*', '#'];

/** The newest values as a graph of one line, from the left, its height the largest of them; blank where none is known. */
export function sparkline(
  values: readonly (number | undefined)[],
  columns: number,
  hasUnicode: boolean,
): string {
  const shown = columns > 0 ? values.slice(-columns) : [];
  const top = Math.max(0, ...shown.map((value) => value ?? 0));
  const steps = hasUnicode ? BLOCKS : ASCII;
  return shown
    .map((value) => {
      if (value === undefined) return ' ';
      const step = top === 0 ? 0 : Math.round((Math.max(0, value) / top) * (steps.length - 1));
      return steps[step]!;
    })
    .join('')
    .padEnd(Math.max(0, columns));
}
