// Bounded concurrency: many pieces of work, of which only so many run at once, like csi-provisioner's workers.

/** Runs `work` for 0 to `count` - 1, `width` at once; results are in the order of the numbers. Rejects with the first error. */
export async function atOnce<T>(width: number, count: number, work: (number: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async () => {
    for (let number = next++; number < count; number = next++) results[number] = await work(number);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  return results;
}
