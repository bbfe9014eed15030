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
}
