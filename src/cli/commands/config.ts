import { loadSettings, type SettingInForce } from '../../node/config.ts';
import { SETTING_NAMES } from '../../node/settings.ts';
import type { Command, Context } from '../command.ts';
import { comment, describeSettings } from '../describeConfig.ts';
import { seedPreset } from '../seedPreset.ts';
import { settingFlags } from '../settingFlags.ts';
import { readSettings, withoutSecrets } from '../settingsInForce.ts';

export const config: Command = {
  usage: 'config',
  summary: 'the settings in force, as a config file, and where each comes from',
  flags: {
    ...settingFlags(SETTING_NAMES),
    seed: { type: 'boolean', description: 'those of `indiecoin seed`, which has a preset' },
  },
  examples: [
    ['indiecoin config', 'flags, environment, file and defaults together; also while no node runs'],
    ['indiecoin config --max-peers 50 > indiecoin.toml', 'a config file to begin with'],
    ['indiecoin config --json', 'for programs'],
  ],
  run: async (context) => {
    const preset = context.arguments.seed === true ? seedPreset(context.config.params) : {};
    const { config, settings, file } = loadSettings(context.arguments, context.environment, preset);
    const shown = withoutSecrets(settings);
    const running = await settingsOfRunning(context);
    const differing = running?.settings.filter((one) => isOther(one, shown)) ?? [];
    const answer = {
      network: config.params.name,
      file: { path: file.path, isThere: file.isThere },
      settings: shown.map(toJson),
      running: running && { known: running.isKnown, differing: differing.map(toJson) },
    };
    context.terminal.answer(answer, () => {
      const { columns, isInteractive } = context.terminal;
      // In a file it is not to be broken by the width of some terminal.
      const room = isInteractive ? columns : 100;
      return [
        ...comment(`The config file is ${file.path}${file.isThere ? '' : ', which is not there'}.`, room),
        ...describeSettings(shown, room),
        ...describeRunning(running, differing, room),
      ];
    });
  },
};

type Running = Readonly<{ settings: readonly SettingInForce[]; isKnown: boolean }>;

/** Of the node on this data directory, if one runs. */
async function settingsOfRunning({ node, config: { dataDir } }: Context): Promise<Running | undefined> {
  if (!(await node.isRunning())) return undefined;
  const settings = readSettings(dataDir);
  return { settings: settings ?? [], isKnown: settings !== undefined };
}

function isOther(running: SettingInForce, shown: readonly SettingInForce[]): boolean {
  const here = shown.find(({ name }) => name === running.name);
  return running.name !== 'config' && JSON.stringify(here?.value) !== JSON.stringify(running.value);
}

function describeRunning(
  running: Running | undefined,
  differing: readonly SettingInForce[],
  columns: number,
): string[] {
  const say = (text: string) => comment(text, columns);
  if (running === undefined)
    return say('No node runs on this data directory: one that is started now would have these.');
  if (!running.isKnown)
    return say('A node runs on this data directory, and what it was started with is not known.');
  if (differing.length === 0) return say('The node that runs on this data directory has the same.');
  return [
    ...say('The node that runs on this data directory was started otherwise, and has until its end:'),
    ...describeSettings(differing, columns - 2).map((line) => `# ${line}`),
  ];
}

function toJson({ name, value, origin, place }: SettingInForce) {
  return { name, value: value ?? null, from: origin, ...(place !== '' && { place }) };
}
