/** What the demo's page can do: make and delete claims through the controller, and try to open their volumes. */
import { RECOMMENDED_OPTIONS } from "../../../backend/blob/mount-options.ts";
import type { Volume } from "../../../csi/proto.generated.ts";
import type { Emulator } from "../../../emulator/emulator.ts";
import { DriverError } from "../../../errors.ts";
import { claim as claimName } from "../../../text/kubernetes-names.ts";
import { accepts } from "../../../text/values.ts";
import type { CsiClient } from "../csi-client.ts";
import { type Attempt, containerByKey, containerFor, read, write } from "../workload.ts";

/** A claim of the page, with its volume. */
export interface PageClaim {
  readonly name: string;
  /** Name of the ServiceAccount that it was made for. */
  readonly workload: string;
  readonly volume: Volume;
}

/** Somebody has tried to open a volume. */
export interface PageAttempt {
  readonly claim: string;
  readonly who: string;
  readonly action: string;
  readonly outcome: Attempt;
}

/** Whom the page can try as, besides the workloads. */
export const BY_KEY = "an account key";
export const ACTIONS = ["write", "read"] as const;

const FILE = "hello.txt";
/** Of attempts, the last are kept. */
const MOST_ATTEMPTS = 10;
/** A page is for a look, not for load. */
const MOST_CLAIMS = 20;

export interface DemoStage {
  /** Names of the ServiceAccounts, each with an identity of its own. */
  readonly workloads: readonly string[];
  claims(): readonly PageClaim[];
  /** The last first. */
  attempts(): readonly PageAttempt[];
  /** Throws a DriverError with what is wrong with the name, or what the controller says. */
  makeClaim(name: string, workload: string): Promise<void>;
  deleteClaim(name: string): Promise<void>;
  attempt(claim: string, who: string, action: string): Promise<void>;
}

export function createDemoStage(emulator: Emulator, csi: CsiClient): DemoStage {
  const claims = new Map<string, PageClaim>();
  const attempts: PageAttempt[] = [];
  const identities = new Map(emulator.info.identities.map(({ name, clientId }) => [name, clientId]));
  const claimOf = (name: string) => claims.get(name) ?? refuse(`there is no claim demo/${name}`);
  return {
    workloads: [...identities.keys()],
    claims: () => [...claims.values()],
    attempts: () => attempts,
    async makeClaim(name, workload) {
      const clientId = identities.get(workload) ?? refuse(`there is no ServiceAccount demo/${workload}`);
      if (!accepts(claimName, name))
        refuse(`"${name}" is not the name of a claim: use lower-case letters, digits, '-' and '.'`);
      if (claims.has(name)) refuse(`claim demo/${name} exists already`);
      if (claims.size >= MOST_CLAIMS) refuse(`the page holds ${MOST_CLAIMS} claims: delete one first`);
      const { volume } = await csi.controller("CreateVolume", requestFor(name, clientId));
      if (volume !== null) claims.set(name, { name, workload, volume });
    },
    async deleteClaim(name) {
      await csi.controller("DeleteVolume", { volume_id: claimOf(name).volume.volume_id });
      claims.delete(name);
    },
    async attempt(claim, who, action) {
      const { volume } = claimOf(claim);
      const container = who === BY_KEY ? byKey(emulator, volume) : byToken(emulator, volume, { who, identities });
      const outcome =
        action === "write" ? await write(container, FILE, `written by ${who}`) : await read(container, FILE);
      attempts.unshift({ claim, who, action, outcome });
      attempts.length = Math.min(attempts.length, MOST_ATTEMPTS);
    },
  };
}

function refuse(why: string): never {
  throw new DriverError("InvalidRequest", why);
}

/** As csi-provisioner asks, but that the volume is named after the claim, which has no UID here. */
function requestFor(name: string, clientId: string) {
  return {
    name: `page-${name}`,
    capacity_range: { required_bytes: String(2 ** 30) },
    volume_capabilities: [
      { mount: { mount_flags: [...RECOMMENDED_OPTIONS] }, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" as const } },
    ],
    parameters: {
      clientID: clientId,
      "csi.storage.k8s.io/pvc/namespace": "demo",
      "csi.storage.k8s.io/pvc/name": name,
    },
  };
}

function addressOf({ info }: Emulator, { volume_context: context }: Volume) {
  const { storageaccount: account = "", containerName = "" } = context;
  return { account, url: `${info.blobEndpoint.replace(/\/$/, "")}/${account}/${containerName}` };
}

function byKey(emulator: Emulator, volume: Volume) {
  const { url, account } = addressOf(emulator, volume);
  return containerByKey(url, account);
}

function byToken(
  emulator: Emulator,
  volume: Volume,
  { who, identities }: { readonly who: string; readonly identities: ReadonlyMap<string, string> },
) {
  const clientId = identities.get(who) ?? refuse(`there is no ServiceAccount demo/${who}`);
  const { authorityHost, tenantId } = emulator.info;
  const serviceAccountToken = () => emulator.issuer.mint({ namespace: "demo", name: who });
  return containerFor(addressOf(emulator, volume).url, { clientId, tenantId, authorityHost, serviceAccountToken });
}
