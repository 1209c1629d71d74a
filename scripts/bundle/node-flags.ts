/**
 * Node's flags in the image: a test compares them with the Dockerfile, and the bench starts product and references with them.
 * What each gives and costs: docs/decisions/0015-start-up-and-memory.md.
 */
export const NODE_FLAGS: readonly string[] = [
  // MiB. By default 32, and three times that is kept after a burst.
  "--max-semi-space-size=16",
];
