/**
 * What an earlier attempt of CreateVolume has left in Azure. A volume of which something exists must not be forgotten: it
 * is handed back, or the caller is told to keep trying.
 */
import { isTransient } from "../errors.ts";
import { findAccounts } from "./account-choice.ts";
import type { VolumePlan } from "./plan.ts";
import type { Account, Container, ContainerRef, Ports, Settings } from "./ports.ts";

/** A container, or only the account that was made for this volume alone. */
export interface Leftover {
  readonly account: Account;
  readonly ref: ContainerRef;
  readonly container: Container | undefined;
}

export async function findLeftover(ports: Ports, settings: Settings, plan: VolumePlan): Promise<Leftover | undefined> {
  const accounts = await findAccounts(ports, plan, settings);
  for (const account of accounts) {
    const ref = { account: account.ref, name: plan.containerName };
    const container = await ports.containers.find(ref);
    if (container !== undefined) return { account, ref, container };
  }
  const [own] = plan.volumeClass.isolation === "volume" ? accounts : [];
  return own && { account: own, ref: { account: own.ref, name: plan.containerName }, container: undefined };
}

/**
 * After a fault: whether the caller must not forget the volume. When Azure cannot tell, it must not. A transient fault makes
 * it try again anyway.
 */
export async function mayBeLeftBehind(
  ports: Ports,
  settings: Settings,
  plan: VolumePlan,
  error: unknown,
): Promise<boolean> {
  if (isTransient(error)) return false;
  const left = await findLeftover(ports, settings, plan).catch(() => "unknown");
  return left !== undefined;
}
