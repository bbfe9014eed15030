import type { Waiting } from './state.js';
/** What one rule said of one release: `explain` shows all, the first that does not pass decides. */
export type RuleName = 'release' | 'requirements' | 'dependency' | 'rollout' | 'age' | 'approval' | 'policy' | 'window' | 'hold' | 'budget';
export type Ruling =
  | { readonly rule: RuleName; readonly verdict: 'pass'; readonly detail: string }
  | { readonly rule: RuleName; readonly verdict: 'wait'; readonly detail: string; readonly waiting: Waiting }
  | { readonly rule: RuleName; readonly verdict: 'refuse'; readonly detail: string };
