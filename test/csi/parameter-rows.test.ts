// Every row of the StorageClass parameters, through the real service: two values and a bad one, and what each changes in
// Azure and in the answer. A row whose effect is not the declared one fails; a used row without samples does not compile.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { PARAMETERS } from "../../src/backend/blob/parameters.ts";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { type Effect, isUsed, type ParameterRow } from "../../src/volume/class/parameter-row.ts";
import { create, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { addTenant, allowController, type SecondTenant } from "../support/emulated-rights.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

type Parameters = Readonly<Record<string, string>>;

/** What a probe sees. `account` is its name, `body` what ARM holds of it, `access` the role assignments. */
type Observable = "outcome" | "account" | "body" | "context" | "access";
type Observation = Readonly<Record<Observable, unknown>>;

/** What must differ between two values of a parameter with this effect, and what may; nothing else. */
const DIFFERENCES: Readonly<Record<Effect, { must: readonly Observable[]; may?: readonly Observable[] }>> = {
  placement: { must: ["account"], may: ["body", "context"] },
  account: { must: ["account", "body"] },
  sharing: { must: ["account"] },
  spread: { must: ["account"] },
  access: { must: ["account", "access"] },
  identity: { must: ["access"], may: ["context"] },
  mount: { must: ["context"] },
  check: { must: ["outcome"] },
  syntax: { must: ["account", "body"] },
};

interface Sample {
  /** Two good values; with the other parameters that a value needs, where it needs any. */
  readonly values: readonly [Value, Value];
  readonly bad: string;
  /** Beside the value, also beside the bad one. */
  readonly with?: Parameters;
  readonly mountFlags?: readonly string[];
  /** Where the row differs from what its effect says, and why. */
  readonly differences?: {
    readonly must: readonly Observable[];
    readonly may?: readonly Observable[];
    because: string;
  };
  /** Under which name the bad value is refused, when not under its own. */
  readonly refusedAs?: string;
}
type Value = string | { readonly value: string; readonly with: Parameters };

/** What the samples refer to. */
interface Azure {
  readonly emulator: Emulator;
  readonly abroad: SecondTenant;
}

type UsedName = Extract<(typeof PARAMETERS)[number], { readonly field: string }>["name"];

const TEAM_GROUP = "team-b";
const GIVEN = ["givenone", "giventwo"] as const;
const CONTROLLER_ACTIONS = [
  "Microsoft.Storage/storageAccounts/*",
  "Microsoft.Authorization/roleAssignments/*",
  "Microsoft.Authorization/roleDefinitions/read",
];

const SAMPLES: Readonly<Record<UsedName, (azure: Azure) => Sample>> = {
  subscriptionID: ({ emulator, abroad }) => ({
    values: [
      emulator.info.subscriptionId,
      {
        value: abroad.subscriptionId,
        with: { resourceGroup: abroad.resourceGroup, clientID: abroad.workload.clientId },
      },
    ],
    bad: "mine",
    differences: {
      must: ["account", "context"],
      may: ["body", "access"],
      because: "a subscription of another tenant needs an identity there",
    },
  }),
  resourceGroup: ({ emulator }) => ({ values: [emulator.info.resourceGroup, TEAM_GROUP], bad: "a/b" }),
  location: () => ({ values: ["West Europe", "northeurope"], bad: "west/europe" }),
  storageAccount: () => ({ values: GIVEN, bad: "Upper" }),
  tagValueDelimiter: () => ({
    values: [";", "|"],
    with: { tags: "a=1;b=2|c=3" },
    bad: "=",
    refusedAs: "tags",
  }),
  tags: () => ({ values: ["team=a", "team=b"], bad: "team" }),
  publicNetworkAccess: () => ({ values: ["Enabled", "Disabled"], bad: "Sometimes" }),
  requireInfraEncryption: () => ({ values: ["true", "false"], bad: "yes" }),
  sasExpirationAction: () => ({ values: ["Log", "Block"], bad: "Warn" }),
  isolation: () => ({ values: ["pool", "namespace"], bad: "cluster" }),
  poolSize: () => ({ values: ["1", "8"], bad: "65" }),
  identity: ({ emulator }) => ({
    values: [
      { value: "parameters", with: { clientID: emulator.info.identities[1]?.clientId ?? "" } },
      { value: "serviceAccount", with: { clientID: ABSENT, defaultServiceAccount: "workload-a" } },
    ],
    bad: "somebody",
  }),
  defaultServiceAccount: () => ({
    values: ["workload-a", "workload-b"],
    with: { identity: "serviceAccount", clientID: ABSENT },
    bad: "A/b",
  }),
  clientID: ({ emulator: { info } }) => ({
    values: [info.identities[0]?.clientId ?? "", info.identities[1]?.clientId ?? ""],
    bad: "me",
  }),
  tenantID: ({ emulator: { info }, abroad }) => ({
    values: [info.tenantId, abroad.tenantId],
    with: { principalID: info.identities[0]?.principalId ?? "" },
    bad: "ours",
    differences: { must: ["outcome"], because: "an identity of another tenant is refused before a write" },
  }),
  principalID: ({ emulator: { info } }) => ({
    values: [info.identities[0]?.principalId ?? "", info.identities[1]?.principalId ?? ""],
    bad: "me",
    differences: { must: ["outcome"], because: "that of another identity is refused before a write" },
  }),
  skuName: () => ({ values: ["Standard_LRS", "Standard_ZRS"], bad: "PremiumV2_LRS" }),
  storageAccountType: () => ({ values: ["Standard_LRS", "Premium_LRS"], bad: "Gold" }),
  accessTier: () => ({ values: ["Hot", "Cool"], bad: "Premium" }),
  isHnsEnabled: () => ({
    values: ["true", "false"],
    bad: "1",
    differences: { must: ["account", "body", "context"], because: "the context says what the account really is" },
  }),
  softDeleteBlobs: () => ({ values: ["7", "14"], bad: "366" }),
  softDeleteContainers: () => ({ values: ["7", "0"], bad: "-1" }),
  grantScope: () => ({ values: ["container", "account"], with: { isolation: "namespace" }, bad: "volume" }),
  BlobStorageAccountType: () => ({ values: ["block", "adls"], with: { isHnsEnabled: "true" }, bad: "file" }),
  acceptFileCache: () => ({ values: ["true", "false"], mountFlags: ["-o allow_other"], bad: "maybe" }),
  protocol: () => ({
    values: ["fuse2", "Fuse"],
    bad: "nfs",
    differences: { must: [], because: "only one is offered, under either name" },
  }),
  storageEndpointSuffix: () => ({ values: ["core.windows.net", "core.example.net"], bad: "https://x" }),
  server: () => ({
    values: ["givenone.blob.example.net", "givenone.privatelink.blob.example.net"],
    with: { storageAccount: GIVEN[0] },
    bad: "a b",
  }),
};

/** Takes a parameter out that every request has otherwise. */
const ABSENT = "\0absent";

const UID = "0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4";

describe("a StorageClass parameter", () => {
  const rows: readonly ParameterRow[] = PARAMETERS;
  const used = rows.filter(isUsed);
  let app: EmulatedApp;
  let abroad: SecondTenant | undefined;
  afterEach(() => app.stop());

  /** A new emulator each time, so that the same volume can be asked for again. */
  async function start(): Promise<Azure> {
    app = await startEmulatedApp(
      (emulator) => {
        abroad = prepare(emulator);
        const home = emulator.info.subscriptionId;
        return [
          ...["--storage-tenants", `${abroad.subscriptionId}=${abroad.tenantId}/${abroad.controllerClientId}`],
          ...["--allowed-resource-groups", `${abroad.subscriptionId}/${abroad.resourceGroup},${home}/${TEAM_GROUP}`],
          ...["--identity-scopes", `${abroad.subscriptionId},${home}`],
        ];
      },
      { clusterFor },
    );
    assert(abroad);
    return { emulator: app.emulator, abroad };
  }

  async function observe(
    ask: (azure: Azure) => { readonly own: Parameters; readonly mountFlags?: readonly string[] | undefined },
  ): Promise<Observation> {
    const { own, mountFlags } = ask(await start());
    const nothing = { account: "", body: "", context: "", access: "" };
    try {
      const { volume_context: context } = await create(app, request(app.emulator, own, mountFlags));
      const { storageaccount: account = "", ...rest } = context;
      const { world } = app.emulator;
      return {
        outcome: "created",
        account,
        body: bodyOf(world, account),
        context: rest,
        access: accessIn(world, account),
      };
    } catch (error) {
      const { code, details } = error as { code: status; details: string };
      assert.notEqual(code, undefined, String(error));
      return { ...nothing, outcome: `${status[code]}: ${details}` };
    } finally {
      await app.stop();
    }
  }

  for (const { name, effect } of used) {
    const sampleFor = SAMPLES[name as UsedName];
    it(`${name} has effect ${effect} and no other, and a bad value is refused by its name`, async () => {
      const sample = sampleFor(await start());
      await assertBadValue(name, sample);
      await app.stop();
      const [a, b] = await observeBoth(name, sampleFor);
      assertDifferences([a, b], sample.differences ?? DIFFERENCES[effect]);
      if (effect === "mount") assert.equal((a.context as Parameters)[name], firstValue(sample));
    });
  }

  async function observeBoth(name: string, sampleFor: (azure: Azure) => Sample) {
    const observeValue = (index: 0 | 1) =>
      observe((azure) => {
        const { values, with: beside, mountFlags } = sampleFor(azure);
        const value = values[index];
        const [text, more] = typeof value === "string" ? [value, {}] : [value.value, value.with];
        return { own: { ...beside, ...more, [name]: text }, mountFlags };
      });
    return [await observeValue(0), await observeValue(1)] as const;
  }

  async function assertBadValue(name: string, { bad, with: beside, refusedAs = name }: Sample): Promise<void> {
    await assertRefused({ ...beside, [name]: bad }, `${refusedAs} "${beside?.[refusedAs] ?? bad}" is not valid`);
  }

  async function assertRefused(own: Parameters, message: string): Promise<void> {
    app.forgetCalls();
    await refused(create(app, request(app.emulator, own)), status.INVALID_ARGUMENT, message);
    assert.deepEqual(app.armCalls(), [], "nobody was asked");
  }

  it("that states what holds anyway changes nothing, and another value is refused by its name", async () => {
    const usual = await observe(() => ({ own: {} }));
    for (const row of rows) {
      if (row.effect !== "stated") continue;
      for (const value of row.values)
        assert.deepEqual(await observe(() => ({ own: { [row.name]: value } })), usual, row.name);
      await start();
      await assertRefused({ [row.name]: "perhaps" }, `${row.name} "perhaps" has no effect`);
      await app.stop();
    }
    await start();
  });

  it("that is not offered is refused by its name, with a way out", async () => {
    await start();
    for (const row of rows) {
      if (isUsed(row) || row.effect === "stated") continue;
      await assertRefused({ [row.name]: "x" }, row.instead);
      await assertRefused({ [row.name]: "x" }, row.name);
    }
  });

  it("has one row, and a field of its own unless it is another spelling", () => {
    app = { stop: async () => {} } as EmulatedApp;
    const names = rows.map(({ name }) => name.toLowerCase());
    assert.deepEqual(new Set(names).size, names.length);
    const fields = used.map(({ field }) => field);
    assert.deepEqual(
      fields.filter((field, index) => fields.indexOf(field) !== index),
      ["skuName"],
    );
  });
});

const ALL: readonly Observable[] = ["outcome", "account", "body", "context", "access"];

/** What must differ differs, and nothing else does but what may. A refusal is compared by itself. */
function assertDifferences(
  [a, b]: readonly [Observation, Observation],
  { must, may = [] }: { readonly must: readonly Observable[]; readonly may?: readonly Observable[] },
): void {
  const isByOutcome = must.includes("outcome");
  if (!isByOutcome) assert.deepEqual([a.outcome, b.outcome], ["created", "created"]);
  const observed = isByOutcome ? (["outcome"] as const) : ALL;
  const differing = observed.filter((what) => JSON.stringify(a[what]) !== JSON.stringify(b[what]));
  for (const what of must) assert(differing.includes(what), `${what} is the same: ${JSON.stringify(a[what])}`);
  const unexpected = differing.filter((what) => !must.includes(what) && !may.includes(what));
  for (const what of unexpected) assert.deepEqual(b[what], a[what], `${what} differs`);
}

function firstValue({ values: [first] }: Sample): string {
  return typeof first === "string" ? first : first.value;
}

/** As csi-provisioner sends it for claim demo/data, of the first workload unless the parameters say otherwise. */
function request({ info }: Emulator, own: Parameters, mountFlags: readonly string[] = SAFE_MOUNT.mount_flags) {
  const parameters: Parameters = {
    clientID: info.identities[0]?.clientId ?? "",
    "csi.storage.k8s.io/pvc/name": "data",
    "csi.storage.k8s.io/pvc/namespace": "demo",
    ...own,
  };
  return {
    name: `pvc-${UID}`,
    volume_capabilities: [
      { mount: { mount_flags: [...mountFlags] }, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" as const } },
    ],
    parameters: Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== ABSENT)),
  };
}

function clusterFor({ issuer, info }: Emulator) {
  const cluster = createFakeCluster(issuer.issuer);
  cluster.claims.set("demo/data", { uid: UID, isBoundLate: false, className: "fast" });
  cluster.namespaces.set("demo", "uid-demo");
  for (const { name, clientId } of info.identities) cluster.serviceAccounts.set(`demo/${name}`, clientId);
  return cluster;
}

/** A second tenant, a second resource group, and two accounts of an administrator's. */
function prepare(emulator: Emulator): SecondTenant {
  const { world, info } = emulator;
  const { subscriptionId, resourceGroup, location } = info;
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${TEAM_GROUP}`;
  world.resourceGroups.set(group.toLowerCase(), { id: group, name: TEAM_GROUP, subscriptionId, location, tags: {} });
  for (const name of GIVEN) {
    world.accounts.set(name, {
      id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Storage/storageAccounts/${name}`,
      name,
      subscriptionId,
      resourceGroup,
      location,
      kind: "StorageV2",
      sku: { name: "Standard_LRS", tier: "Standard" },
      tags: { "keyless-csi.cluster": "emulator" },
      properties: { allowSharedKeyAccess: false, allowBlobPublicAccess: false, isLocalUserEnabled: false },
      blobService: {},
      createdAt: 0,
      readyAt: 0,
    });
  }
  allowController(emulator, group, CONTROLLER_ACTIONS);
  return addTenant(emulator);
}

/** What ARM holds of the account, without what its name and the tags of ownership say. */
function bodyOf({ accounts }: Emulator["world"], name: string): unknown {
  const { kind, sku, location, tags, properties, blobService } = accounts.get(name) ?? assert.fail(`no ${name}`);
  const ofClass = Object.entries(tags).filter(([key]) => !key.startsWith("keyless-csi."));
  const { encryption, ...others } = properties as { encryption?: { requireInfrastructureEncryption?: boolean } };
  // The rest of `encryption` is what ARM adds, with the time.
  const isEncryptedTwice = encryption?.requireInfrastructureEncryption;
  return { kind, sku, location, tags: ofClass, ...others, isEncryptedTwice, blobService };
}

/** Who may do what, and where in the account. */
function accessIn({ roleAssignments }: Emulator["world"], account: string): unknown {
  return [...roleAssignments.values()]
    .map((assignment) => ({ assignment, parts: assignment.scope.split(`/storageAccounts/${account}`) }))
    .filter(({ parts }) => parts.length === 2)
    .map(({ assignment, parts: [, where] }) => ({ where, principalId: assignment.principalId }));
}
