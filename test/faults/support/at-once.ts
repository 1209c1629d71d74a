// Much work, a little at a time: so many pieces under way at once, as csi-provisioner's workers are.

/** Runs `work` for 0 to `count` - 1, `width` at once; answers in the order of the numbers. Rejects with the first fault. */
export async function atOnce<T>(width: number, count: number, work: (number: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async () => {
    for (let number = next++; number < count; number = next++) results[number] = await work(number);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  return results;
}
