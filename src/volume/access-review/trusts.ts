/** Whose tokens the identities that mount volumes accept: everybody who can become an identity can open what it opens. */
import { isTransient } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { decodeSubject } from "../formats/federated-credential.ts";
import type { Trust, UserAssignedIdentity } from "../ports.ts";
import type { AccessReview } from "./access.ts";

export interface Trusts {
  /** `namespace/name` of ServiceAccounts of this cluster. */
  readonly serviceAccounts: readonly string[];
  /** Of other issuers, and of this one what is no ServiceAccount. */
  readonly others: readonly Trust[];
}

/** By the identity's ARM id: one call for each. What Azure does not let the caller read is left out. */
export async function readTrusts(
  { ports }: Dependencies,
  { volumes }: AccessReview,
): Promise<ReadonlyMap<string, Trusts>> {
  const mounts = volumes.flatMap((volume) => volume.mounts);
  const identities = new Map(mounts.flatMap(({ identity }) => (identity ? [[identity.id, identity] as const] : [])));
  const found = new Map<string, Trusts>();
  if (identities.size === 0) return found;
  const issuer = await ports.cluster.issuer();
  for (const identity of identities.values()) {
    const trusted = await listTrusts(ports.identities, identity);
    if (trusted === undefined) break;
    found.set(identity.id, sortOut(trusted, issuer));
  }
  return found;
}

/** Undefined where it is refused: the next will be too. */
async function listTrusts(
  identities: Dependencies["ports"]["identities"],
  identity: UserAssignedIdentity,
): Promise<readonly Trust[] | undefined> {
  try {
    return await identities.listTrusts(identity);
  } catch (error) {
    if (isTransient(error)) throw error;
    return undefined;
  }
}

function sortOut(trusted: readonly Trust[], issuer: string): Trusts {
  const nameOf = ({ issuer: from, subject }: Trust) => {
    const account = from === issuer ? decodeSubject(subject) : undefined;
    return account && `${account.namespace}/${account.serviceAccount}`;
  };
  return {
    serviceAccounts: trusted.flatMap((trust) => nameOf(trust) ?? []),
    others: trusted.filter((trust) => nameOf(trust) === undefined),
  };
}
