/** Work that goes on together and fails always in the same way, whichever part of it fails first. */

/**
 * As `Promise.all`, but once all has settled, and with the failure of the first in order: which of two reads is refused first is
 * chance, and a message that changes from attempt to attempt is another event each time.
 */
export async function allInOrder<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(work);
  // All have settled: the first that was rejected is the first to be met.
  for (const each of work) await each;
  return await Promise.all(work);
}
