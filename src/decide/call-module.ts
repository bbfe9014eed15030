// What a module is called with in a transaction. Pure.
import { moduleDir, recordDir, versionDir, type Layout } from '../domain/layout.js';
import type { Device } from '../domain/device.js';
import type { VersionReference } from '../domain/plan.js';
import type { Settings } from '../domain/settings.js';
import type { ModuleParams } from './step-params.js';

export interface ModuleContext {
  readonly transaction: string;
  readonly layout: Layout;
  readonly device: Device;
  readonly settings: Pick<Settings, 'app' | 'component' | 'preserve' | 'module'>;
}

/** Null where there is none, or where no file differs: what it would apply is there. */
export function callModule({ transaction, layout, device, settings }: ModuleContext, to: VersionReference, changes: boolean): ModuleParams | null {
  const { module, app, component, preserve } = settings;
  if (module === null || !changes) return null;
  const { program, user, env, timeouts } = module;
  return {
    component: component?.name ?? app, transaction, program, user, env, timeouts, preserve, from: device.current?.version ?? null, to: to.version,
    tree: versionDir(layout, to.directory), record: recordDir(layout, to.directory),
    previous_tree: device.current === null ? null : versionDir(layout, device.current.directory), state_dir: moduleDir(layout),
  };
}
