/**
 * Takes away what `orphans` has found, one by one: each is looked at again right before, and goes the guarded way of
 * DeleteVolume.
 */
import { DriverError } from "../errors.ts";
import { isOurGrant, removeGrants } from "./access.ts";
import { deleteVolume, removeEmptied } from "./delete.ts";
import type { AccountFinding, ContainerFinding, CredentialFinding, Finding, GrantFinding } from "./finding.ts";
import { decodeAccountTags } from "./formats/account-tags.ts";
import { accountId } from "./formats/arm-ids.ts";
import { type Holders, readHolders } from "./holders.ts";
import { volumeId } from "./names.ts";
import { whyUnused } from "./orphaned-credentials.ts";
import { parseGrantScope } from "./orphaned-grants.ts";
import { whyUnneeded } from "./orphans.ts";
import type { Account, Ports, RoleAssignment, Settings } from "./ports.ts";

/** `"spared"`: it is needed after all, or kept on purpose. */
export type Outcome = "removed" | "spared";

/** What the cluster needs, never older than this when something is removed. */
const HOLDERS_AGE_MS = 10_000;

/** A way to remove findings. `now` in milliseconds, monotonic. Throws Misconfigured without Kubernetes. */
export function createOrphanRemoval(
  ports: Ports,
  settings: Settings,
  now: () => number,
): (finding: Finding) => Promise<Outcome> {
  if (!ports.cluster.isConnected) {
    throw new DriverError(
      "Misconfigured",
      "without Kubernetes nothing is deleted, since nobody can say what is still needed: use --kubernetes=on or --kubeconfig",
    );
  }
  let known: { readonly holders: Holders; readonly at: number } | undefined;
  const holders = async (): Promise<Holders> => {
    if (known === undefined || now() - known.at > HOLDERS_AGE_MS) {
      const at = now();
      known = { holders: await readHolders(ports.cluster), at };
    }
    return known.holders;
  };
  return async (finding) => {
    switch (finding.kind) {
      case "container":
        return await removeContainer(ports, settings, finding, await holders());
      case "account":
        return await removeAccount(ports, settings, finding, await holders());
      case "grant":
        return await removeGrant(ports, settings, finding, await holders());
      case "credential":
        return await removeCredential(ports, finding, await holders());
    }
  };
}

async function removeContainer(
  ports: Ports,
  settings: Settings,
  { container, isRetained }: ContainerFinding,
  holders: Holders,
): Promise<Outcome> {
  if (isRetained || holders.needContainer(container.name)) return "spared";
  await deleteVolume(ports, settings, volumeId(container));
  return "removed";
}

async function removeAccount(
  ports: Ports,
  settings: Settings,
  { account }: AccountFinding,
  holders: Holders,
): Promise<Outcome> {
  const { ref } = account;
  const today = await ports.accounts.find(ref);
  if (today === undefined) return "removed";
  if (holders.needContainer(decodeAccountTags(today.tags).fileSystem ?? "")) return "spared";
  if ((await whyUnneeded(ports, settings, today)) === undefined) return "spared";
  if (await ports.accounts.holdsContainers(ref)) return "spared";
  await removeGrants(ports, await listGrants(ports, today));
  // Once more: what was made while the grants were listed and removed must not go with the account.
  if (await ports.accounts.holdsContainers(ref)) return "spared";
  await ports.accounts.remove(ref);
  return "removed";
}

async function listGrants(ports: Ports, { ref }: Account): Promise<RoleAssignment[]> {
  const scope = accountId(ref).toLowerCase();
  const near = await ports.roleAssignments.listAtAndAbove(accountId(ref));
  return near.filter((grant) => grant.scope.toLowerCase() === scope && isOurGrant(grant));
}

async function removeGrant(
  ports: Ports,
  settings: Settings,
  { grant }: GrantFinding,
  holders: Holders,
): Promise<Outcome> {
  const scope = parseGrantScope(grant.scope);
  const [, , subscriptionId = "", , resourceGroup = ""] = grant.scope.split("/");
  if (scope === undefined) return "spared";
  const ref = { subscriptionId, resourceGroup, name: scope.account };
  const account = await ports.accounts.find(ref);
  if (account !== undefined && scope.container === undefined) {
    await removeEmptied(ports, settings, account, [grant]);
    return (await ports.roleAssignments.find(grant.scope, grant.name)) === undefined ? "removed" : "spared";
  }
  const container = { account: ref, name: scope.container ?? "" };
  const isGone = account === undefined || (await ports.containers.find(container)) === undefined;
  if (isGone) await removeGrants(ports, [grant]);
  else if (!settings.retainsOnDelete || holders.needContainer(container.name)) return "spared";
  else await deleteVolume(ports, settings, volumeId(container));
  return "removed";
}

async function removeCredential(ports: Ports, { credential }: CredentialFinding, holders: Holders): Promise<Outcome> {
  if ((await whyUnused(ports, credential, holders)) === undefined) return "spared";
  await ports.identities.removeCredential(credential);
  return "removed";
}
