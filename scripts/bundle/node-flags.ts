/**
 * How Node runs in the image: a test compares it with the Dockerfile, and the bench starts product and references so. What each
 * gives and costs: docs/decisions/0015-start-up-and-memory.md.
 */
export const NODE_FLAGS: readonly string[] = [
  // MiB. By default 32, and three times that is kept after a burst.
  "--max-semi-space-size=8",
  // MiB. Below 2 GiB, V8 lets its old generation grow by 1.3 to 2 times before it collects it again, above by up to 4.
  "--max-old-space-size=512",
];

/** Of glibc: V8 has a heap of its own, so that what few megabytes Node allocates beside it needs no arena for each thread. */
export const NODE_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: "1" };
