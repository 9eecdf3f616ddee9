import {
  type CompletableFlag,
  type CompletableNode,
  FLAGS_EVERYWHERE,
  type Values,
  valueFlags,
} from './completionTable.ts';

/** A script for fish. */
export function fishCompletion(nodes: readonly CompletableNode[]): string {
  const takingValues = [...valueFlags(nodes).keys()].map((name) => `--${name}`).join(' ');
  const places = nodes.flatMap(({ path, commands }) => commands.map(({ name }) => `${path} ${name}`.trim()));
  return `# indiecoin completion fish > ~/.config/fish/completions/indiecoin.fish
# The command left of the cursor: nothing, "wallet" or "wallet send".
function __indiecoin_place
    set -l place
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        if contains -- $word ${takingValues}
            set skip 1
            continue
        end
        if contains -- (string join -- ' ' $place $word) ${places.map(quote).join(' ')}
            set -a place $word
        end
    end
    echo "$place"
end

function __indiecoin_at
    set -l place (__indiecoin_place)
    test "$place" = "$argv"
end

complete -c indiecoin -f
${FLAGS_EVERYWHERE.map((flag) => flagLine(flag, undefined)).join('\n')}
${nodes.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, flags, argument }: CompletableNode): string[] {
  return [
    ...commands.map(
      ({ name, summary }) => `complete -c indiecoin ${at(path)} -a ${quote(name)} -d ${quote(summary)}`,
    ),
    ...flags.map((flag) => flagLine(flag, path)),
    ...(argument.words.length === 0 && argument.path === undefined
      ? []
      : [`complete -c indiecoin ${at(path)} ${offer(argument)}`]),
  ];
}

function flagLine({ name, summary, value }: CompletableFlag, path: string | undefined): string {
  const where = path === undefined ? '' : ` ${at(path)}`;
  const takes = value === undefined ? '' : ` -r ${offer(value)}`;
  return `complete -c indiecoin${where} -l ${name}${takes} -d ${quote(summary)}`.trimEnd();
}

function offer({ words, path }: Values): string {
  const folders = "'(__fish_complete_directories)'";
  const parts = [path === 'file' ? '-F' : '-f'];
  if (words.length > 0) parts.push(`-a ${quote(words.join(' '))}`);
  if (path === 'folder') parts.push(`-a ${folders}`);
  return parts.join(' ');
}

function at(path: string): string {
  return `-n '__indiecoin_at${path === '' ? '' : ` ${path}`}'`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
