import { type CompletableNode, FLAGS_EVERYWHERE, type Values, valueFlags } from './completionTable.ts';

/** A script for bash 3.2 and newer, without the package bash-completion. */
export function bashCompletion(nodes: readonly CompletableNode[]): string {
  const takingValues = valueFlags(nodes);
  const patterns = [...takingValues.keys()].map((name) => `--${name}`).join('|');
  return `# indiecoin completion bash > ~/.local/share/bash-completion/completions/indiecoin
_indiecoin_offer() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done
}

_indiecoin() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' flag='' words='' files='' skip='' i word
  COMPREPLY=()
  # What is left of the cursor: the command, and whether a flag waits for its value. Bash splits at =.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == '=' ]] && continue
    if [[ $skip ]]; then skip=''; continue; fi
    case $word in
      ${patterns}) flag=$word; skip=1; continue ;;
      -*) continue ;;
    esac
    case "$path $word" in
${nodes
  .flatMap(({ path, commands }) => commands.map(({ name }) => [`${path} ${name}`, `${path} ${name}`.trim()]))
  .map(([place, path]) => `      '${place}') path='${path}' ;;`)
  .join('\n')}
    esac
  done
  [[ $current == '=' ]] && current=''
  if [[ $skip ]]; then
    case $flag in
${[...takingValues].map(([name, value]) => `      --${name}) ${offer(value)} ;;`).join('\n')}
    esac
  elif [[ $current == -* ]]; then
    words='${FLAGS_EVERYWHERE.map(({ name }) => `--${name}`).join(' ')}'
    case $path in
${nodes
  .filter(({ flags }) => flags.length > 0)
  .map(({ path, flags }) => `      '${path}') words+=' ${flags.map(({ name }) => `--${name}`).join(' ')}' ;;`)
  .join('\n')}
    esac
  else
    case $path in
${nodes.map((node) => `      '${node.path}') ${offer(wordsOf(node))} ;;`).join('\n')}
    esac
  fi
  [[ $words ]] && _indiecoin_offer < <(compgen -W "$words" -- "$current")
  if [[ $files ]]; then
    _indiecoin_offer < <(compgen "$files" -- "$current")
    compopt -o filenames 2> /dev/null
  fi
  return 0
}

complete -F _indiecoin indiecoin
`;
}

function wordsOf({ commands, argument }: CompletableNode): Values {
  return commands.length > 0 ? { words: commands.map(({ name }) => name), path: undefined } : argument;
}

function offer({ words, path }: Values): string {
  const files = { file: " files='-f'", folder: " files='-d'" };
  return `words='${words.join(' ')}'${path === undefined ? '' : files[path]}`;
}
