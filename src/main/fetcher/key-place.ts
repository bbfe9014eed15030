// Where the accepted changes of keys are kept: they are a repository's, so what one component learns of them counts for all that share it.
import type { Layout } from '../../domain/layout.js';
import type { Settings } from '../../domain/settings.js';

export const keyPlaceOf = (settings: Pick<Settings, 'component'>, layout: Layout): Pick<Layout, 'stateDir'> =>
  ({ stateDir: settings.component?.sharesRepo === false ? layout.stateDir : layout.sharedDir });
