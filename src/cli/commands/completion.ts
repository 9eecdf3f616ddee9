import { basename } from 'node:path';
import { suggestion } from '../../node/nearestName.ts';
import { usageError } from '../cliError.ts';
import { type Command, optionalText } from '../command.ts';
import { bashCompletion } from '../completion/bashCompletion.ts';
import { completableNodes } from '../completion/completionTable.ts';
import { fishCompletion } from '../completion/fishCompletion.ts';
import { zshCompletion } from '../completion/zshCompletion.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
const NAMES = Object.keys(SHELLS);

export const completion: Command = {
  usage: 'completion [shell]',
  summary: 'a script that completes commands, flags and their values in bash, zsh or fish',
  arguments: { shell: { describe: 'bash, zsh or fish (default: the one of $SHELL)' } },
  completions: { shell: NAMES },
  examples: [
    ['source <(indiecoin completion bash)', 'in this bash; the same line in ~/.bashrc: in every one'],
    ['indiecoin completion zsh > ~/.zfunc/_indiecoin', 'in zsh, with fpath+=~/.zfunc before compinit'],
    ['indiecoin completion fish > ~/.config/fish/completions/indiecoin.fish', 'in fish'],
  ],
  run: async (context) => {
    const given = optionalText(context, 'shell');
    const shell = given ?? basename(context.environment.SHELL ?? '');
    if (!isShell(shell)) {
      const hint = suggestion(shell, NAMES);
      const what = given === undefined ? 'Which shell?' : `There is no completion for "${given}".${hint}`;
      throw usageError(`${what} \`indiecoin completion bash\`, zsh and fish are there.`);
    }
    const script = SHELLS[shell](completableNodes(context.commands));
    context.terminal.answer({ shell, script }, () => script.trimEnd());
  },
};

function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name);
}
