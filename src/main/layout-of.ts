// The places of an app, or of one component, as its settings say them.
import type { Layout } from '../domain/layout.js';
import type { Settings } from '../domain/settings.js';

export function layoutOf(settings: Settings): Layout {
  return { installDir: settings.installDir, stateDir: settings.stateDir, sharedDir: settings.sharedDir, runtimeDir: settings.runtimeDir, backupPath: settings.backupPath };
}

/** The app's, where components that move together have their journal, and that of each component. */
export const layoutsOf = (settings: Settings): readonly Layout[] => [settings, ...settings.components ?? []].map(layoutOf);
