import { type CompletableNode, FLAGS_EVERYWHERE, type Values, valueFlags } from './completionTable.ts';

/** A script for zsh: as a file \`_indiecoin\` on its \`fpath\`, or sourced. */
export function zshCompletion(nodes: readonly CompletableNode[]): string {
  const takingValues = valueFlags(nodes);
  const patterns = [...takingValues.keys()].map((name) => `--${name}`).join('|');
  return `#compdef indiecoin
# indiecoin completion zsh > "\${fpath[1]}/_indiecoin"
_indiecoin() {
  local place='' flag='' skip='' word
  local -a offers
  # What is left of the cursor: the command, and whether a flag waits for its value.
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $word in
      (${patterns}) flag=$word; skip=1; continue ;;
      (-*) continue ;;
    esac
    case "$place $word" in
${nodes
  .flatMap(({ path, commands }) => commands.map(({ name }) => [`${path} ${name}`, `${path} ${name}`.trim()]))
  .map(([place, path]) => `      ('${place}') place='${path}' ;;`)
  .join('\n')}
    esac
  done
  word=\${words[CURRENT]}
  if [[ -z $skip && $word == --*=* ]]; then
    flag=\${word%%=*}
    compset -P '*='
    skip=1
  fi
  if [[ -n $skip ]]; then
    case $flag in
${[...takingValues].map(([name, value]) => `      (--${name}) ${offer(value)} ;;`).join('\n')}
    esac
    return
  fi
  if [[ $word == -* ]]; then
    offers=(${FLAGS_EVERYWHERE.map(described('--')).join(' ')})
    case $place in
${nodes
  .filter(({ flags }) => flags.length > 0)
  .map(({ path, flags }) => `      ('${path}') offers+=(${flags.map(described('--')).join(' ')}) ;;`)
  .join('\n')}
    esac
    _describe -o flag offers
    return
  fi
  case $place in
${nodes
  .map(({ path, commands, argument }) =>
    commands.length > 0
      ? `    ('${path}') offers=(${commands.map(described('')).join(' ')}); _describe command offers ;;`
      : `    ('${path}') ${offer(argument)} ;;`,
  )
  .join('\n')}
  esac
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _indiecoin "$@"
else
  compdef _indiecoin indiecoin
fi
`;
}

function described(prefix: string): (entry: { name: string; summary: string }) => string {
  return ({ name, summary }) => quote(`${prefix}${name.replaceAll(':', '\\:')}:${summary}`);
}

function offer({ words, path }: Values): string {
  const parts = words.length > 0 ? [`compadd -- ${words.map(quote).join(' ')}`] : [];
  if (path !== undefined) parts.push(path === 'file' ? '_files' : '_files -/');
  return parts.length === 0 ? ':' : parts.join('; ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
