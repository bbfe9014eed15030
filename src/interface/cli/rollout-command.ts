// `holdline rollout`: the publisher's word on who takes a version and when.
import { Argument, type Command } from 'commander';
import type { RolloutRequest } from '../app.js';
import type { Bindings, CommonOptions } from './bindings.js';
import { renderMade } from './render-results.js';

interface RolloutOptions extends CommonOptions {
  readonly repo?: string; readonly channel: string; readonly component?: string; readonly dir: string; readonly key?: string; readonly unsigned?: boolean; readonly trust: string[];
  readonly percent?: string; readonly add?: string; readonly every?: string; readonly begin?: string; readonly expires?: string; readonly salt?: string;
  readonly group: string[]; readonly exclude: string[]; readonly upload?: boolean;
}

const ACTIONS = ['start', 'raise', 'pause', 'resume', 'withdraw', 'show'] as const;
const collect = (value: string, earlier: string[]): string[] => [...earlier, value];

const EXAMPLES = `
Examples (each writes holdline/CHANNEL.json and its signature, one serial higher; commit them, or let --upload do it):
  holdline rollout start 1.3.0 --percent 5 --add 20 --every 1d --key release.key
                                        before the release is published: 5 % of the devices, each day 20 % more
  holdline rollout start 1.3.0 --percent 0 --group lab --key release.key
                                        only devices whose settings say group: lab
  holdline rollout raise 50 --key release.key
  holdline rollout pause --key release.key --upload
  holdline rollout withdraw --key release.key --upload
                                        nobody takes it any more, and who runs it goes back
  holdline rollout show                 what devices see`;

export function addRolloutCommand(program: Command, b: Bindings): void {
  program.command('rollout').description('let a version out step by step, pause it, take it back: a signed statement beside the releases')
    .addArgument(new Argument('<action>').choices(ACTIONS)).argument('[value]', 'the version (start, withdraw) or the percentage (raise)')
    .option('-r, --repo <owner/name>', 'the repository (default: GITHUB_REPOSITORY)').option('--channel <name>', 'channel', 'stable').option('--component <prefix>', 'the tag prefix of a component')
    .option('-d, --dir <dir>', 'a checkout of the default branch: holdline/ lies in it', '.').option('-k, --key <file>', 'secret key (default: HOLDLINE_KEY, its text); password in HOLDLINE_KEY_PASSWORD or asked for')
    .option('--unsigned', 'no signature: only for devices with trust.require checksum or none').option('--trust <public>', 'another key of yours that may have signed the one before: .pub file or RW… line; may be given several times', collect, [])
    .option('--percent <n>', 'start: 0 to 100, two decimals').option('--add <n>', 'start, raise: so many percent more …').option('--every <time>', '… after each such time: 6h, 1d')
    .option('--begin <when>', 'start: ISO date before which nobody takes it (default: now)').option('--expires <when>', 'start: ISO date from which on it limits and withdraws nothing').option('--salt <text>', 'start: the same text picks the same devices first (default: random)')
    .option('--group <name>', 'start: a device group that takes it at once; may be given several times', collect, []).option('--exclude <name>', 'start: a device group or device id that does not take it; may be given several times', collect, [])
    .option('--upload', 'read from and write to the default branch on GitHub (token in GITHUB_TOKEN)').option('--json', 'one JSON object on standard output')
    .addHelpText('after', EXAMPLES)
    .action((action: RolloutRequest['action'], value: string | undefined, o: RolloutOptions) => b.show(o, async () => {
      const report = await (await b.tools()).rollout({
        action, value, repo: o.repo, channel: o.channel, component: o.component, directory: o.dir, key: o.key, unsigned: o.unsigned === true, trust: o.trust,
        percent: o.percent, add: o.add, every: o.every, begin: o.begin, expires: o.expires, salt: o.salt, groups: o.group, exclude: o.exclude, upload: o.upload === true,
      });
      return { json: report, text: b.render((t) => renderMade(t, report)), exit: 0 };
    }));
}
