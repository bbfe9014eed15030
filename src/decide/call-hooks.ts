// Which hooks are called in a transaction, where in its plan, and with what. Pure.
import type { HookCall, HookName } from '../domain/hooks.js';
import { versionDir, type Layout } from '../domain/layout.js';
import type { Device } from '../domain/device.js';
import type { PlanStep, VersionReference } from '../domain/plan.js';
import type { Settings } from '../domain/settings.js';
import type { PlanStepOf } from './make-plan.js';

export interface HookContext {
  readonly transaction: string;
  readonly layout: Layout;
  readonly device: Device;
  readonly settings: Pick<Settings, 'app' | 'component' | 'hooks'>;
  readonly planStep: PlanStepOf;
}

export interface HookSteps {
  /** The last ones before the switch begins. */
  readonly ready: readonly PlanStep[];
  /** The first ones of the switch. */
  readonly first: readonly PlanStep[];
  /** The new tree is current, its services do not run yet. */
  readonly switched: readonly PlanStep[];
  readonly last: readonly PlanStep[];
}

export function planHooks(context: HookContext, kind: 'update' | 'rollback', to: VersionReference): HookSteps {
  const { planStep, device } = context;
  // On a first install nothing runs that could be asked.
  const before = device.current === null ? undefined : callOf(context, 'before_switch', kind, to);
  const after = callOf(context, 'after_switch', kind, to);
  const commit = callOf(context, 'after_commit', kind, to);
  const revert = callOf(context, 'after_revert', kind, to);
  // What before_switch has begun somebody must end, also where the switch itself is never begun.
  const watch = (state: 'ready' | 'switching'): readonly PlanStep[] => (revert === undefined || (state === 'ready') !== (before !== undefined) ? [] : [planStep('call-after-revert', { ...revert, state })]);
  return {
    ready: [...watch('ready'), ...(before === undefined ? [] : [planStep('call-before-switch', before)])],
    first: watch('switching'),
    switched: after === undefined ? [] : [planStep('call-after-switch', after)],
    last: commit === undefined ? [] : [planStep('call-after-commit', commit)],
  };
}

function callOf({ transaction, layout, device, settings }: HookContext, hook: HookName, kind: 'update' | 'rollback', to: VersionReference): HookCall | undefined {
  const said = settings.hooks[hook];
  if (said === undefined) return undefined;
  return {
    ...said, hook, component: settings.component?.name ?? settings.app, transaction, kind, from: device.current?.version ?? null, to: to.version,
    install_dir: layout.installDir, tree: versionDir(layout, to.directory), previous_tree: device.current === null ? null : versionDir(layout, device.current.directory),
  };
}
