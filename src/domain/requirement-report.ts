// What was asked of the device for an update, what it has, and what to do: as `--check --json`, `doctor` and `explain` show it. Data only.

export type RequirementVerdict = 'passed' | 'warned' | 'failed' | 'unknown';

export interface RequirementCheck {
  /** `arch`, `disk`, `temperature`, … */
  readonly name: string;
  readonly needed: string;
  readonly have: string;
  /** `unknown`: the device does not tell, and it is not held against it. */
  readonly verdict: RequirementVerdict;
  /** What a person does about it; null where all is well. */
  readonly remedy: string | null;
  /** It changes by itself (heat, load): worth another look soon. */
  readonly passing: boolean;
}

export interface RequirementReport {
  /**
   * 0 to 100: of the checks the device can answer, each passed one counts whole, each warned one half, each failed one nothing; rounded down.
   * 100 where none can be answered. Below 100 something is worth a look; whether the update may go on is `ok`, never the score.
   */
  readonly score: number;
  /** No check failed. */
  readonly ok: boolean;
  readonly checks: readonly RequirementCheck[];
}
