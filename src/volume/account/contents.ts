/** Everything that is in an account: what part of it says proves nothing about the rest. */
import type { Dependencies } from "../dependencies.ts";
import type { AccountRef, FileSystem } from "../ports.ts";

/** Azure's own page limit. */
const PAGE = 5_000;

/** `spend` is awaited before each list: Azure allows 100 in 5 minutes. */
export async function listFileSystems(
  { ports }: Pick<Dependencies, "ports">,
  account: AccountRef,
  spend: () => Promise<void> = async () => {},
): Promise<FileSystem[]> {
  const found: FileSystem[] = [];
  let continuation: string | undefined;
  do {
    await spend();
    const page = await ports.fileSystems.list(account, PAGE, continuation);
    found.push(...page.fileSystems);
    continuation = page.continuation;
  } while (continuation !== undefined);
  return found;
}
