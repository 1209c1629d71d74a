/** Names and ids as Azure compares them. */

/** Whether both are the same without case, or both absent. Nearly always they are spelled alike, and then no other text is made. */
export function isSameText(one: string | undefined, other: string | undefined): boolean {
  return one === other || one?.toLowerCase() === other?.toLowerCase();
}
