// What the publisher's rollout says during one look at the source: from memory as long as it only says "not yet", asked anew before a version
// is let in, and now and then for what runs already: it may have been withdrawn. One question a look at the most.
import { toHoldlineError } from '../domain/errors.js';
import type { ReleaseSource } from '../domain/ports.js';
import type { Release } from '../domain/release.js';
import type { RememberedRollout, RolloutInForce } from '../domain/rollout.js';
import type { Ruling } from '../domain/ruling.js';
import { isFresh, isWithdrawn, judgeRollout } from '../decide/judge-rollout.js';
import { mayAskMore } from '../decide/spare-quota.js';
import type { EngineParts } from './parts.js';

export interface RolloutLook {
  /** What it says of a release that could be next, from memory where that is young enough. @throws errors of family `source` */
  judge(release: Release, signal: AbortSignal): Promise<Ruling>;
  /** The same right before it is let in: never from memory. */
  confirm(release: Release, signal: AbortSignal): Promise<Ruling>;
  /** Why what runs should not: the publisher has withdrawn it; null where it has not. */
  withdrawn(current: string | null, releases: readonly Release[], signal: AbortSignal): Promise<string | null>;
  /** To be remembered; null where nobody was asked. */
  news(): RememberedRollout | null;
}

export interface Looker { readonly parts: EngineParts; readonly source: ReleaseSource; /** A person asks for an update: no rollout keeps it from them. */ readonly byPerson: boolean; /** A person only looks. */ readonly looks: boolean }

export function lookAtRollout({ parts, source, byPerson, looks }: Looker): RolloutLook {
  const { rollouts: desk, clock } = parts;
  if (desk === undefined || byPerson) return notAsked(parts, byPerson);
  let known = desk.recall();
  let asked: RememberedRollout | null = null;
  const isYoung = (): boolean => asked !== null || (known !== null && isFresh(Date.parse(known.asked_at), desk.maxAgeMs, clock.now()));
  const maySpare = (purpose: 'update' | 'news'): boolean => mayAskMore({ limit: source.rateLimit(), purpose: looks ? 'look' : purpose, deviceId: desk.device.id, now: clock.now() });
  const ask = async (releases: readonly Release[], signal: AbortSignal): Promise<void> => {
    asked = await desk.ask(source, releases, signal);
    known = asked;
  };
  return {
    async judge(release, signal) {
      // Where requests are short, what is known still says "not yet"; it lets nothing in.
      if (known === null && !maySpare('update')) return postponed(release);
      if (!isYoung() && (known === null || maySpare('news'))) await ask([release], signal);
      return rule(parts, release, desk.inForce(known), false);
    },
    async confirm(release, signal) {
      if (asked === null && !maySpare('update')) return postponed(release);
      if (asked === null) await ask([release], signal);
      return rule(parts, release, desk.inForce(known), false);
    },
    async withdrawn(current, releases, signal) {
      if (current === null) return null;
      // Who runs what is being let out right now hears of its withdrawal before others hear of anything.
      if (!isYoung() && maySpare(desk.inForce(known).statement?.version === current ? 'update' : 'news')) {
        // News of what runs already can wait: a source that does not answer now is asked at the next look.
        try { await ask(releases.filter(({ version }) => version === current), signal); } catch (thrown) {
          if (signal.aborted) throw thrown;
          parts.log.debug('the rollout statement was not asked for', { reason: toHoldlineError(thrown).message });
        }
      }
      const { statement } = desk.inForce(known);
      return statement !== null && isWithdrawn(statement, current, clock.now()) ? `the publisher has withdrawn ${current} (rollout ${statement.serial})` : null;
    },
    news: () => asked,
  };
}

/** All devices behind one address share GitHub's hourly requests: who would spend the last of them goes a turn later. */
function postponed({ version }: Release): Ruling {
  const detail = `the requests that all devices behind this address share are nearly spent: whether ${version} may come is asked at the next turn`;
  return { rule: 'rollout', verdict: 'wait', detail, waiting: { reason: 'rollout', detail, until: null } };
}

function notAsked(parts: EngineParts, byPerson: boolean): RolloutLook {
  const judge = (release: Release): Promise<Ruling> => Promise.resolve(rule(parts, release, { statement: null, problem: null }, byPerson));
  return { judge, confirm: judge, withdrawn: () => Promise.resolve(null), news: () => null };
}

function rule({ rollouts, clock }: EngineParts, { version }: Release, inForce: RolloutInForce, byPerson: boolean): Ruling {
  return judgeRollout({ ...inForce, version, device: rollouts?.device ?? { id: '', group: null }, now: clock.now(), byPerson });
}
