/**
 * The result of the work, or `late` once the time is over. The work is not cancelled: what it does after the deadline is
 * its own affair.
 */
export async function withDeadline<T, const L>(milliseconds: number, work: Promise<T>, late: L): Promise<T | L> {
  const deadline = Promise.withResolvers<L>();
  const timer = setTimeout(deadline.resolve, milliseconds, late);
  return Promise.race([work, deadline.promise]).finally(() => clearTimeout(timer));
}
