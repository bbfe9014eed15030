// The local GitHub of the tests is the demo's: one double, kept faithful in one place.
export * from '../../src/main/demo/local-github/index.js';
