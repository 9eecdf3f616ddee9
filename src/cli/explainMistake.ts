import { suggestion } from '../node/nearestName.ts';
import { environmentName, isSettingName, SETTING_NAMES } from '../node/settings.ts';
import { commandPath, findCommand, nameOf, namesIn, plainWords } from './commandPath.ts';
import { COMMANDS, GROUPS } from './commands.ts';

/** yargs' message in words that say what to do, with the nearest name for one that is unknown. */
export function explainMistake(message: string, words: readonly string[]): string {
  const path = commandPath(words);
  const more = ` \`indiecoin${path.length > 0 ? ` ${path.join(' ')}` : ''} --help\` shows what there is.`;
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1]?.split(', ')[0];
  if (unknown !== undefined) return `${explainUnknown(unknown, words, path)}${more}`;
  const missing = /^missing-command (.*)$/.exec(message)?.[1];
  if (missing !== undefined)
    return `\`indiecoin ${missing}\` needs one more word: ${namesIn(missing).join(', ')}.${more}`;
  const [, second] = plainWords(words);
  if (/^Too many non-option/.test(message) && path.length === 1 && second !== undefined) {
    return `${explainUnknown(second, words, path)}${more}`;
  }
  if (/^Not enough non-option arguments/.test(message)) {
    const usage = findCommand(path)?.usage ?? '';
    const [, ...places] = usage.split(' ');
    return `Something is missing: \`indiecoin ${[...path, ...places].join(' ')}\`.${more}`;
  }
  if (/^Not enough arguments following/.test(message)) {
    return `--${message.slice(message.lastIndexOf(' ') + 1)} needs a value.${more}`;
  }
  return `${message}.${more}`;
}

function explainUnknown(unknown: string, words: readonly string[], path: readonly string[]): string {
  const isFlag = words.some(
    (word) => word === `--${unknown}` || word.startsWith(`--${unknown}=`) || word === `-${unknown}`,
  );
  if (isFlag) {
    if (isSettingName(unknown)) {
      return `--${unknown} is a setting of nodes: here it can be ${environmentName(unknown)}, or stand in the config file.`;
    }
    const flags = [
      ...SETTING_NAMES,
      'json',
      'help',
      'version',
      ...Object.keys(findCommand(path)?.flags ?? {}),
    ];
    const hint = suggestion(unknown, flags);
    return `There is no flag --${unknown} here.${hint.replace('"', '"--')}`;
  }
  if (findCommand(path) !== undefined) return `"${unknown}" is one word too many.`;
  if (path[0] === 'peers' && unknown === 'unban')
    return 'A ban is ended by `indiecoin peers ban PEER --remove`.';
  const meant = path.length === 0 ? whatIsMeant(unknown) : undefined;
  if (meant !== undefined) return `"${unknown}" is not a command. ${meant}`;
  const names =
    path.length === 1 ? namesIn(path[0]!) : [...COMMANDS.map(nameOf), ...GROUPS.map(({ name }) => name)];
  const where = path.length === 1 ? ` of \`indiecoin ${path[0]}\`` : '';
  return `"${unknown}" is not a command${where}.${suggestion(unknown, names)}`;
}

/** Words that other programs have, or that stand behind another one here. */
function whatIsMeant(word: string): string | undefined {
  if (word === 'start') return '`indiecoin node` starts a node.';
  if (word === 'stop') return '`indiecoin rpc stop` ends the node, `indiecoin mine stop` its mining.';
  if (word === 'version') return '`indiecoin --version` tells it.';
  const group = GROUPS.find(({ name }) => namesIn(name).includes(word));
  return group && `Did you mean \`indiecoin ${group.name} ${word}\`?`;
}
