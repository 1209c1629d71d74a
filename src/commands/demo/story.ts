/** The demo's story: a claim becomes a volume, who can open it and who cannot, and what is left after its deletion. */
import { RECOMMENDED_OPTIONS } from "../../backend/blob/mount-options.ts";
import type { CreateVolumeRequestInit, Volume } from "../../csi/proto.generated.ts";
import type { Emulator } from "../../emulator/emulator.ts";
import { DriverError } from "../../errors.ts";
import { EXIT } from "../command.ts";
import type { CsiClient } from "./csi-client.ts";
import type { Display, Row } from "./display.ts";
import type { StepTime, StepTimes } from "./step-times.ts";
import { type Attempt, containerByKey, containerFor, listFolder, read, write } from "./workload.ts";

/** What the demo plays on. */
export interface Stage {
  readonly display: Display;
  readonly emulator: Emulator;
  readonly csi: CsiClient;
  readonly times: StepTimes;
}

/** Shows and proves the whole path; the exit code. */
export async function narrate(stage: Stage): Promise<number> {
  const { display, emulator } = stage;
  const begun = performance.now();
  display.title(
    "keyless-csi demo: a claim becomes storage that no account key can open",
    `Azure is emulated in this process (${emulator.info.armEndpoint}); nothing leaves it.`,
  );
  const proofs: boolean[] = [];
  const prove = (isTrue: boolean, statement: string, seen: string) => {
    proofs.push(isTrue);
    display.proof(isTrue, statement, seen);
  };
  const request = showRequest(stage);
  const volume = await showCreate(stage, request);
  await showAccess(stage, volume, prove);
  await showRepeat(stage, request, volume, prove);
  await showDelete(stage, request, prove);
  await showPod(stage, volume, prove);
  const { alarms } = emulator.calls.report();
  prove(alarms.length === 0, "account keys were never requested", `${alarms.length} listKeys calls`);
  const failed = proofs.filter((isTrue) => !isTrue).length;
  display.line();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  display.line(
    failed === 0 ? `All ${proofs.length} proofs hold (${seconds} s).` : `${failed} of ${proofs.length} proofs failed.`,
  );
  return failed === 0 ? EXIT.ok : EXIT.failure;
}

type Prove = (isTrue: boolean, statement: string, seen: string) => void;

/** The claims' UIDs are fixed, so that two runs print the same names. */
const CLAIM_UID = "0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4";
const OTHER_CLAIM_UID = "5d2c9f31-7b40-4e8a-9c65-1fa7b0d4e8f2";

const FILE = "hello.txt";
const TEXT = "no key was needed";

function showRequest({ display, emulator }: Stage): CreateVolumeRequestInit {
  const [workload] = emulator.info.identities;
  const request: CreateVolumeRequestInit = {
    name: `pvc-${CLAIM_UID}`,
    capacity_range: { required_bytes: String(5 * 2 ** 30) },
    volume_capabilities: [
      { mount: { mount_flags: [...RECOMMENDED_OPTIONS] }, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } },
    ],
    parameters: {
      clientID: workload?.clientId ?? "",
      isolation: "volume",
      "csi.storage.k8s.io/pvc/namespace": "demo",
      "csi.storage.k8s.io/pvc/name": "data",
    },
  };
  display.heading("The request of csi-provisioner for claim demo/data (5 GiB, ReadWriteMany)");
  const parameters = Object.entries(request.parameters ?? {}).filter(([key]) => !key.includes("/"));
  display.table([["name", request.name ?? ""], ...parameters]);
  return request;
}

async function showCreate({ display, csi, times }: Stage, request: CreateVolumeRequestInit): Promise<Volume> {
  display.heading("CreateVolume");
  const { volume } = await csi.controller("CreateVolume", request);
  display.table(times.take().flatMap(toRows));
  if (volume === null) throw new DriverError("Internal", "CreateVolume answered no volume");
  display.heading("The volume, as Kubernetes writes it into the PersistentVolume");
  display.table([["volume id", volume.volume_id], ...Object.entries(volume.volume_context)]);
  return volume;
}

/** The volume's container with the tokens of the ServiceAccount that has this number, and its address for others. */
function openAs({ emulator }: Stage, { volume_context: context }: Volume, index: number) {
  const { blobEndpoint, authorityHost, tenantId, identities } = emulator.info;
  const { storageaccount: account = "", containerName = "" } = context;
  const url = `${blobEndpoint.replace(/\/$/, "")}/${account}/${containerName}`;
  const { name = "", clientId = "" } = identities[index] ?? {};
  const serviceAccountToken = () => emulator.issuer.mint({ namespace: "demo", name });
  const container = containerFor(url, { clientId, tenantId, authorityHost, serviceAccountToken });
  return { name, container, url, account };
}

async function showAccess(stage: Stage, volume: Volume, prove: Prove): Promise<void> {
  const { display } = stage;
  const [owner, other] = [openAs(stage, volume, 0), openAs(stage, volume, 1)];
  display.heading("Who can open it, with ServiceAccount tokens that are exchanged at Entra");
  const written = await write(owner.container, FILE, TEXT);
  prove(written.status === 201, `ServiceAccount demo/${owner.name} writes a blob`, describe(written));
  const found = await read(owner.container, FILE);
  prove(found.text === TEXT, `ServiceAccount demo/${owner.name} reads it back`, describe(found));
  const refused = await read(other.container, FILE);
  prove(refused.status === 403, `ServiceAccount demo/${other.name}, another identity, is refused`, describe(refused));
  const byKey = await read(containerByKey(owner.url, owner.account), FILE);
  prove(byKey.code === "KeyBasedAuthenticationNotPermitted", "an account key is refused", describe(byKey));
}

async function showRepeat(stage: Stage, request: CreateVolumeRequestInit, volume: Volume, prove: Prove): Promise<void> {
  const { display, csi, times } = stage;
  display.heading("The same CreateVolume again, as after a restart of csi-provisioner");
  const before = census(stage.emulator);
  const { volume: again } = await csi.controller("CreateVolume", request);
  const calls = times.take().flatMap((step) => step.calls);
  const writes = calls.filter((call) => !call.startsWith("GET"));
  const id = again?.volume_id ?? "none";
  prove(id === volume.volume_id, "the same volume is answered", id === volume.volume_id ? "the id of step 3" : id);
  const isSame = census(stage.emulator) === before && writes.length === 0;
  prove(isSame, "nothing new was created", `${calls.length} calls, ${writes.length} of them writes`);
}

async function showDelete(stage: Stage, request: CreateVolumeRequestInit, prove: Prove): Promise<void> {
  const { display, csi, emulator, times } = stage;
  display.heading("DeleteVolume, for another claim: demo/scratch");
  const parameters = { ...request.parameters, "csi.storage.k8s.io/pvc/name": "scratch" };
  const { volume } = await csi.controller("CreateVolume", { ...request, name: `pvc-${OTHER_CLAIM_UID}`, parameters });
  times.take();
  const { storageaccount: account = "" } = volume?.volume_context ?? {};
  const begun = performance.now();
  await csi.controller("DeleteVolume", { volume_id: volume?.volume_id ?? "" });
  const milliseconds = Math.round(performance.now() - begun);
  const { accounts, containers, roleAssignments } = emulator.world;
  const left = [
    ...[...accounts.keys()].filter((name) => name === account),
    ...[...containers.values()].filter((container) => container.account === account && !container.deletedUntil),
    ...[...roleAssignments.values()].filter(({ scope, effectiveUntil }) => scope.includes(account) && !effectiveUntil),
  ];
  prove(
    account !== "" && left.length === 0,
    "account, container and role assignment are gone",
    `${left.length} left, ${milliseconds} ms`,
  );
}

/** By the calls that a mount makes; `npm run kubelet` mounts volumes in pods. */
async function showPod(stage: Stage, volume: Volume, prove: Prove): Promise<void> {
  const { display } = stage;
  const { name, container } = openAs(stage, volume, 0);
  display.heading(`What a new pod of demo/${name} sees, with claim demo/data mounted at /data`);
  const files = await listFolder(container);
  display.shell("ls /data", files.join("  "));
  const { text = "" } = await read(container, FILE);
  display.shell(`cat /data/${FILE}`, text);
  const isThere = files.includes(FILE) && text === TEXT;
  prove(isThere, "the file of step 4 is there for the pod", `${files.length} file, ${text.length} bytes`);
}

/** A step with its time and its calls, a call to a row. */
function toRows({ step, milliseconds, calls }: StepTime): Row[] {
  const [first = "no call", ...others] = counted(calls);
  return [[step, `${milliseconds} ms`, first], ...others.map((call): Row => ["", "", call])];
}

/** Equal calls in one line: the four names of an account are requested at once. */
function counted(calls: readonly string[]): string[] {
  return [...new Set(calls)].map((call) => {
    const times = calls.filter((other) => other === call).length;
    return times === 1 ? call : `${call} (${times} times)`;
  });
}

/** How many of each exist: the same text before and after means that nothing was created or removed. */
function census({ world }: Emulator): string {
  return [world.accounts, world.containers, world.roleAssignments].map((map) => map.size).join("/");
}

function describe({ status, code }: Attempt): string {
  return code === undefined ? `HTTP ${status}` : `HTTP ${status} ${code}`;
}
