// Components: separately released parts of one device, and what they say about each other. Data only.

export interface ComponentFacts {
  readonly name: string;
  /** What its releases are: a tree of files that is switched; with a module, also a program that updates something else. */
  readonly kind: 'tree' | 'module';
  /** False: neither checked nor updated; its services go on. */
  readonly enabled: boolean;
  /** A version or a semver range it is kept to; null: none. */
  readonly pin: string | null;
  /** Component to the semver range of its version that this one needs. */
  readonly dependsOn: Readonly<Record<string, string>>;
  /** Its releases stand in the repository of the app, beside the others'. */
  readonly sharesRepo: boolean;
  /** Components that have the very same releases: each takes its own part of them. */
  readonly tagMates: readonly string[];
}

/** A range somebody sets to a component's version. */
export interface VersionBound {
  readonly range: string;
  /** `app needs database >=2.1 <3`: one clause for people. */
  readonly why: string;
}

/** What one component must know of the others when its next version is chosen. */
export interface Neighbours {
  /** On its own version: what others need of it. */
  readonly bounds: readonly VersionBound[];
  /** Component to the range that the settings say this one needs. */
  readonly needs: Readonly<Record<string, string>>;
  /** The versions of the others as they run now; null: nothing is installed. */
  readonly versions: Readonly<Record<string, string | null>>;
  /** Components that change with it: what they need of each other is judged when all of them have been chosen. */
  readonly fellows: readonly string[];
}
