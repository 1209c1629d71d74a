/** Deny assignments that take data away from somebody, whatever roles they have. */
import type { Dependencies } from "../dependencies.ts";
import type { DenyAssignment } from "../ports.ts";
import { allowedGroups } from "../settings.ts";
import type { Denials } from "./access.ts";

/** One list for each resource group. What holds for several groups is there once. */
export async function readDenials({ ports, settings, backend }: Dependencies): Promise<Denials> {
  const found = new Map<string, DenyAssignment>();
  let isReadable = true;
  for (const group of allowedGroups(settings)) {
    const listed = await ports.access.listDenials(group);
    if (listed === undefined) isReadable = false;
    for (const each of listed ?? []) {
      if (backend.rightsOf(each.permissions).length > 0) found.set(each.id.toLowerCase(), each);
    }
  }
  return { found: [...found.values()], isReadable };
}
