/** Text without colour, cut to so many characters, with an ellipsis where something is missing. */
export function fit(text: string, columns: number): string {
  const characters = [...text];
  if (characters.length <= columns) return text;
  return columns < 1 ? '' : `${characters.slice(0, columns - 1).join('')}…`;
}

/** The middle of a hash, or of a path, tells less than its ends. */
export function fitMiddle(text: string, columns: number): string {
  const characters = [...text];
  if (characters.length <= columns) return text;
  if (columns < 5) return fit(text, columns);
  const end = Math.floor((columns - 1) / 2);
  return `${characters.slice(0, columns - 1 - end).join('')}…${characters.slice(-end).join('')}`;
}

/** Lines of at most so many characters, broken between words; a longer word stays whole. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** What strangers say, as a terminal may have it: only characters of one column that move no cursor. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
