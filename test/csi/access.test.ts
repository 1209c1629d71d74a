// Who can open which volume: what the claims account for, and what was made by hand, is missing or is inherited, each shown as what it is.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { blobBackend } from "../../src/backend/blob/backend.ts";
import { type AccessValues, command, runAccess } from "../../src/commands/access.ts";
import { runStatic } from "../../src/commands/static.ts";
import type { Volume } from "../../src/csi/proto.generated.ts";
import type { RoleAssignment } from "../../src/emulator/world.ts";
import type { StaticObjects } from "../../src/volume/static/objects.ts";
import { allowController } from "../support/emulated-rights.ts";
import { createSink } from "../support/sink.ts";
import { repository } from "../support/sources.ts";
import { startVolumesInUse, type VolumesInUse } from "../support/volumes-in-use.ts";

const READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const OWNER_OF_DATA = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
const CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READ_AND_WRITE = ["read", "write", "delete", "add", "move"];

interface Shown {
  readonly state: string;
  readonly principalId: string;
  readonly principalType?: string;
  readonly role?: string;
  readonly rights?: string[];
  readonly assignedAt?: string;
  readonly madeBy?: string;
  readonly createdBy?: string;
  readonly createdOn?: string;
  readonly scope?: string;
  readonly condition?: string;
}

interface Document {
  readonly volumes: {
    readonly container: string | null;
    readonly mounts: { readonly claim: string; readonly identity: string; readonly serviceAccounts: string[] | null }[];
    readonly access: Shown[];
  }[];
  readonly inherited: (Shown & { readonly volumes: number })[];
  readonly openAccounts: { readonly name: string; readonly nonEntraAccess: string[] }[];
  readonly denyAssignments: { readonly name: string }[] | null;
  readonly notReviewed: { readonly volume: string }[];
  readonly identitiesRead: boolean;
  readonly differences: Record<string, number>;
}

describe("access", () => {
  let use: VolumesInUse;
  afterEach(() => use.app.stop());

  async function run(values: Partial<AccessValues> & Pick<AccessValues, "output">) {
    const { app, cluster } = use;
    const out = createSink();
    const stderr = createSink();
    const streams = { stdout: out.stream, stderr: stderr.stream };
    app.forgetCalls();
    const code = await runAccess({ config: app.config, values, cluster, ...streams });
    return { code, text: out.text() };
  }
  async function access(values: Partial<AccessValues> = {}) {
    const { code, text } = await run({ ...values, output: "json" });
    return { code, ...(JSON.parse(text) as Document) };
  }
  /** State, level and maker of what opens the claim's volume. */
  const of = ({ volumes }: Document, claim: string) =>
    (volumes.find(({ mounts }) => mounts.some((mount) => mount.claim === `team/${claim}`)) ?? assert.fail(claim))
      .access;
  const briefly = (shown: readonly Shown[]) =>
    shown.map(({ state, assignedAt, madeBy }) => [state, assignedAt, madeBy].filter(Boolean).join(", "));

  const world = () => use.app.emulator.world;
  const identity = (name: string) =>
    [...world().identities.values()].find((each) => each.name === name) ?? assert.fail(name);
  const group = () => [...world().resourceGroups.values()][0] ?? assert.fail("no group");
  const accountScope = ({ volume_context }: Volume) =>
    world().accounts.get(volume_context["storageaccount"] ?? "")?.id ?? assert.fail("no account");
  const containerScope = (volume: Volume) =>
    `${accountScope(volume)}/blobServices/default/containers/${volume.volume_context["containerName"]}`;

  /** As an administrator does in the portal. */
  function assign(scope: string, role: string, more: Partial<RoleAssignment> = {}): string {
    const name = randomUUID();
    const [tenantId = ""] = world().tenants.keys();
    world().roleAssignments.set(name, {
      name,
      scope,
      tenantId,
      roleDefinitionName: role,
      principalId: randomUUID(),
      principalType: "User",
      createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
      createdBy: "aaaaaaaa-0000-4000-8000-000000000001",
      effectiveFrom: 0,
      ...more,
    });
    return world().roleAssignments.get(name)?.principalId ?? "";
  }

  it("shows what claims account for, with identity, role and rights, and finds nothing", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    const { code, ...document } = await access();
    assert.equal(code, 0);
    assert.deepEqual(document.differences, { missing: 0, unexpected: 0, inherited: 0, open: 0 });
    const [shown = assert.fail("nothing is shown")] = of(document, "one");
    const { principalId } = identity("workload-a");
    assert.deepEqual(briefly([shown]), ["expected, container, keyless-csi"]);
    assert.deepEqual([shown.principalId, shown.principalType], [principalId, "ServicePrincipal"]);
    assert.deepEqual(shown.rights, READ_AND_WRITE);
    assert.match(shown.role ?? "", /keyless-csi Blob Data$/);
    assert.equal(shown.scope, containerScope(volume));
    assert.ok(Date.parse(shown.createdOn ?? "") > Date.UTC(2026, 0, 1));
  });

  it("costs the same lists for many volumes, and no single read", async () => {
    use = await startVolumesInUse();
    for (const name of ["a", "b", "c"]) await use.bind(name);
    await access();
    assert.deepEqual(use.calls(), [
      "identities/list",
      "storageAccounts/listByGroup",
      "roleAssignments/list",
      "roleDefinitions/list",
      "federatedCredentials/list",
      "denyAssignments/list",
    ]);
  });

  it("shows a grant made by hand as unexpected: at a container, at its account, and between the two", async () => {
    use = await startVolumesInUse();
    const [one, two] = [await use.bind("one"), await use.bind("two")];
    const reader = assign(containerScope(one), READER);
    assign(`${accountScope(one)}/blobServices/default`, OWNER_OF_DATA);
    assign(accountScope(two), CONTRIBUTOR);
    const { code, ...document } = await access();
    assert.equal(code, 3);
    assert.equal(document.differences["unexpected"], 2, "a role without data actions opens nothing");
    const hand = of(document, "one").find(({ principalId }) => principalId === reader);
    assert.deepEqual(hand && { ...hand, roleAssignment: undefined, scope: undefined }, {
      ...hand,
      state: "unexpected",
      principalType: "User",
      role: "Storage Blob Data Reader",
      rights: ["read"],
      assignedAt: "container",
      madeBy: "others",
      createdBy: "aaaaaaaa-0000-4000-8000-000000000001",
      createdOn: "2026-01-02T03:04:05.000Z",
      roleAssignment: undefined,
      scope: undefined,
    });
    assert.deepEqual(briefly(of(document, "two")).sort(), [
      "expected, container, keyless-csi",
      "unexpected, account, others",
    ]);
  });

  it("shows a grant of others to the right identity as expected, and who made it", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    use.loseAccess(volume);
    const { principalId } = identity("workload-a");
    assign(containerScope(volume), OWNER_OF_DATA, { principalId, principalType: "ServicePrincipal" });
    const { code, ...document } = await access();
    assert.deepEqual([code, briefly(of(document, "one"))], [0, ["expected, container, others"]]);
  });

  it("expects the access of a second ServiceAccount that `static` has given, once its volume is in the cluster", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    const { app, cluster } = use;
    const [, { clientId }] = app.emulator.info.identities as [unknown, { readonly clientId: string }];
    cluster.serviceAccounts.set("demo/workload-b", clientId);
    const out = createSink();
    const values = {
      serviceAccount: { namespace: "demo", name: "workload-b" },
      volume: cluster.persistentVolumes[0]?.name,
      assign: true,
    };
    await runStatic({ config: app.config, values, cluster, stdout: out.stream, stderr: createSink().stream });
    assert.deepEqual(briefly(of(await access(), "one")).sort(), [
      "expected, container, keyless-csi",
      "new, container, keyless-csi",
    ]);
    const [printed] = parseAllDocuments(out.text()).map((each) => each.toJS() as StaticObjects["persistentVolume"]);
    const { csi, claimRef } = printed?.spec ?? assert.fail("nothing was printed");
    const claim = { ...claimRef, uid: randomUUID() };
    const { volumeHandle: handle, volumeAttributes: attributes } = csi;
    cluster.persistentVolumes.push({ name: "second", handle, attributes, phase: "Bound", claim });
    const { code, volumes, differences } = await access();
    assert.equal(code, 0);
    assert.equal(volumes.length, 1);
    assert.deepEqual(differences, { missing: 0, unexpected: 0, inherited: 0, open: 0 });
  });

  it("shows one that is missing, with the identity that mounts the volume", async () => {
    use = await startVolumesInUse();
    const [lost] = [await use.bind("lost"), await use.bind("kept")];
    use.loseAccess(lost);
    const { code, ...document } = await access();
    assert.equal(code, 3);
    assert.deepEqual(document.differences, { missing: 1, unexpected: 0, inherited: 0, open: 0 });
    const [shown] = of(document, "lost");
    assert.deepEqual([shown?.state, shown?.principalId], ["missing", identity("workload-a").principalId]);
    assert.deepEqual(briefly(of(document, "kept")), ["expected, container, keyless-csi"]);
  });

  it("takes a role that cannot read for no access", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    use.loseAccess(volume);
    const { principalId } = identity("workload-a");
    const role = randomUUID();
    world().roleDefinitions.set(role, {
      name: role,
      roleName: "tags alone",
      description: "",
      type: "CustomRole",
      permissions: [
        {
          actions: [],
          notActions: [],
          dataActions: ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
          notDataActions: ["microsoft.storage/*/blobs/read", "*/write", "*/delete", "*/action"],
        },
      ],
      assignableScopes: [group().id],
    });
    assign(containerScope(volume), role, { principalId, principalType: "ServicePrincipal" });
    const { differences, volumes } = await access();
    assert.equal(differences["missing"], 1);
    assert.deepEqual(
      volumes[0]?.access.map(({ state, rights }) => [state, rights]),
      [
        ["expected", ["read tags"]],
        ["missing", undefined],
      ],
    );
  });

  it("shows what is inherited, once for all volumes, and what is accepted as no difference", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    await use.bind("two");
    const { subscriptionId, id } = group();
    const team = assign(id, READER, { principalType: "Group" });
    const admin = assign(`/subscriptions/${subscriptionId}`, OWNER_OF_DATA);
    assign("", READER);
    const found = await access();
    assert.equal(found.code, 3);
    assert.deepEqual(found.differences, { missing: 0, unexpected: 0, inherited: 3, open: 0 });
    for (const claim of ["one", "two"]) {
      assert.deepEqual(briefly(of(found, claim)), ["expected, container, keyless-csi"]);
    }
    assert.deepEqual(briefly(found.inherited).sort(), [
      "inherited, resource group, others",
      "inherited, subscription, others",
      "inherited, tenant root, others",
    ]);
    assert.deepEqual(
      found.inherited.map(({ volumes }) => volumes),
      [2, 2, 2],
    );
    const accepted = await access({ accept: [team.toUpperCase(), admin] });
    assert.deepEqual([accepted.code, accepted.differences["inherited"]], [3, 1]);
    assert.equal(accepted.inherited.filter(({ state }) => state === "accepted").length, 2);
    assert.equal((await access({ accept: [admin], onlyDifferences: true })).inherited.length, 2);
  });

  it("takes an identity that inherits its access for one that has it", async () => {
    use = await startVolumesInUse();
    use.loseAccess(await use.bind("one"));
    const { principalId } = identity("workload-a");
    assign(group().id, OWNER_OF_DATA, { principalId, principalType: "ServicePrincipal" });
    const { differences } = await access();
    assert.deepEqual(differences, { missing: 0, unexpected: 0, inherited: 1, open: 0 });
  });

  it("knows the other identities of a namespace at their account, and nobody else there", async () => {
    use = await startVolumesInUse();
    const shared = { isolation: "namespace", grantScope: "account" };
    const one = await use.bind("one", {}, shared);
    await use.bind("two", {}, { ...shared, clientID: identity("workload-b").clientId });
    assert.deepEqual(briefly(of(await access(), "one")).sort(), [
      "expected, account, keyless-csi",
      "shared, account, keyless-csi",
    ]);
    assign(accountScope(one), READER);
    const document = await access();
    assert.deepEqual([document.differences["unexpected"], of(document, "two").length], [1, 3]);
  });

  it("expects at an account that volumes of different identities share nobody but the volume's own", async () => {
    use = await startVolumesInUse();
    const one = await use.bind("one");
    await use.bind("two", {}, { clientID: identity("workload-b").clientId });
    const { principalId } = identity("workload-b");
    assign(accountScope(one), READER, { principalId, principalType: "ServicePrincipal" });
    const found = await access();
    assert.equal(found.differences["unexpected"], 1);
    assert.deepEqual(briefly(of(found, "one")), ["expected, container, keyless-csi", "unexpected, account, others"]);
    assert.deepEqual(briefly(of(found, "two")), ["expected, account, others", "expected, container, keyless-csi"]);
  });

  it("takes a role that it cannot read for one that opens everything", async () => {
    use = await startVolumesInUse();
    assign(containerScope(await use.bind("one")), randomUUID());
    const found = await access();
    assert.equal(found.differences["unexpected"], 1);
    const [, shown] = of(found, "one");
    assert.deepEqual([shown?.role, shown?.rights], [null, null]);
    assert.match((await run({ output: "table" })).text, /role \S+, which\s+could\s+not\s+be\s+read/);
  });

  it("does not believe a list that lags, in either direction", async () => {
    use = await startVolumesInUse([], { settings: { assignmentListLagMs: 86_400_000 } });
    await use.bind("one");
    const { code, ...document } = await access();
    assert.deepEqual([code, briefly(of(document, "one"))], [0, ["expected, container, keyless-csi"]]);
  });

  it("finds access that is left at a volume of no claim, but not of one that is being created", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    use.cluster.persistentVolumes.splice(0);
    const young = await access();
    assert.deepEqual([young.code, young.volumes[0]?.access.map(({ state }) => state)], [0, ["new"]]);
    for (const [key, each] of world().roleAssignments) {
      if (each.scope.includes("/containers/")) world().roleAssignments.set(key, { ...each, createdAt: 0 });
    }
    const left = await access();
    assert.deepEqual([left.code, left.differences["unexpected"]], [3, 1]);
  });

  it("shows what a released PersistentVolume still lets in, and does not miss it there", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    const { persistentVolumes } = use.cluster;
    persistentVolumes.push(...persistentVolumes.splice(0).map((each) => ({ ...each, phase: "Released" })));
    const kept = await access();
    assert.deepEqual([kept.code, briefly(of(kept, "one"))], [0, ["released, container, keyless-csi"]]);
    assert.match((await run({ output: "table" })).text, /^team\/one, whose claim is gone$/m);
    assign(containerScope(volume), READER);
    assert.equal((await access()).differences["unexpected"], 1);
    use.loseAccess(volume);
    assert.equal((await access()).differences["missing"], 0);
  });

  it("counts another PersistentVolume that names the container, of whichever driver, with its own identity", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    const { principalId, clientId } = identity("workload-b");
    assign(containerScope(volume), READER, { principalId, principalType: "ServicePrincipal" });
    assert.equal((await access()).differences["unexpected"], 1);
    const fileSystem = blobBackend.parseVolumeId(volume.volume_id) ?? assert.fail("no handle");
    use.cluster.persistentVolumes.push({
      name: "by-hand",
      handle: blobBackend.toStaticHandle(fileSystem, "by-hand"),
      attributes: {
        clientID: clientId,
        storageAccount: fileSystem.account.name,
        containerName: fileSystem.name.toUpperCase(),
      },
      phase: "Bound",
      claim: { namespace: "team", name: "second", uid: randomUUID() },
    });
    const { code, ...document } = await access();
    assert.deepEqual([code, of(document, "second").map(({ state }) => state)], [0, ["expected", "expected"]]);
  });

  /** One grant made by hand, one missing, one inherited, and one volume as it should be. */
  async function withDifferences(): Promise<void> {
    use = await startVolumesInUse();
    const [one, lost] = [await use.bind("one"), await use.bind("lost")];
    use.loseAccess(lost);
    await use.bind("kept");
    use.cluster.persistentVolumes.reverse();
    assign(containerScope(one), READER, { principalId: "bbbbbbbb-0000-4000-8000-000000000001" });
    assign(group().id, OWNER_OF_DATA, { principalType: "Group", principalId: "cccccccc-0000-4000-8000-000000000001" });
  }
  const squeeze = (text: string) => text.replaceAll(/\s+/g, " ");

  it("prints a table of 80 columns, and on request what differs alone", async () => {
    await withDifferences();
    const { code, text } = await run({ output: "table" });
    assert.equal(code, 3);
    const words = squeeze(text);
    for (const expected of [
      /team\/one container pvc-\S+ in kl\S+ mounted as workload-a, which trusts demo\/workload-a \(of another namespace\) expected/,
      /unexpected bbbbbbbb-\S+ container 2026-01-02 Storage Blob Data Reader: read; a user; made by aaaaaaaa-/,
      /team\/kept .* team\/lost .* missing workload-a no role assignment lets it in team\/one/,
      /inherited cccccccc-\S+ resource group 2026-01-02 Storage Blob Data Owner: read, .*; a group; .* opens 3 volumes/,
      /Volumes: 3. Missing: 1, unexpected: 1, inherited: 1, accounts open without Entra: 0. Azure calls: \d+./,
    ]) {
      assert.match(words, expected);
    }
    assert.equal(text.split("  inherited ").length - 1, 1, "once for all volumes");
    const tooLong = text.split("\n").filter((line) => line.trim().includes(" ") && line.length > 80);
    assert.deepEqual(tooLong, []);
    const short = (await run({ output: "table", onlyDifferences: true })).text;
    assert.match(squeeze(short), /team\/lost.*team\/one/);
    assert.doesNotMatch(short, /team\/kept|expected {4}workload-a/);
  });

  it("prints CSV: a line for each volume and role assignment, and no text that a spreadsheet would run", async () => {
    await withDifferences();
    const role = world().roleDefinitions.get(READER) ?? assert.fail("no role");
    role.roleName = '=HYPERLINK("https://example.com", "x")';
    const { code, text } = await run({ output: "csv" });
    const [header, ...lines] = text.trimEnd().split("\r\n");
    assert.equal(code, 3);
    const page = readFileSync(join(repository, "docs/how-to/access-review.md"), "utf8");
    const [, listed = ""] = /The columns of `csv` are ([^;]*);/.exec(page) ?? [];
    assert.equal(header, [...listed.matchAll(/`(\w+)`/g)].map(([, column]) => column).join(","));
    const states = lines.map((line) => line.split(",").slice(0, 2).join(" "));
    assert.deepEqual(states.sort(), [
      "expected team/kept",
      "expected team/one",
      "inherited team/kept",
      "inherited team/lost",
      "inherited team/one",
      "missing team/lost",
      "unexpected team/one",
    ]);
    assert.ok(text.includes(`,"'=HYPERLINK(""https://example.com"", ""x"")",`));
    const short = (await run({ output: "csv", onlyDifferences: true })).text;
    assert.doesNotMatch(short, /^expected/m);
  });

  it("shows deny assignments that take data away, to those who may read them", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    const deny = (displayName: string, dataActions: string[]) => {
      const id = `${group().id}/providers/Microsoft.Authorization/denyAssignments/${randomUUID()}`;
      const excludePrincipals = [identity("workload-b").principalId];
      const denied = { actions: ["*/delete"], notActions: [], dataActions, excludePrincipals };
      world().denyAssignments.set(id.toLowerCase(), { id, displayName, scope: group().id, ...denied });
    };
    allowController(use.app.emulator, group().id, ["Microsoft.Authorization/denyAssignments/read"]);
    deny("of data", ["*"]);
    deny("of the stack", []);
    const { code, denyAssignments } = await access();
    assert.deepEqual([code, denyAssignments?.map(({ name }) => name)], [0, ["of data"]]);
    const { text } = await run({ output: "table" });
    assert.match(squeeze(text), /of data: denied to everybody, except \S+; at \/subscriptions\//);
  });

  it("says where an account is open without any role assignment", async () => {
    use = await startVolumesInUse();
    const account = world().accounts.get((await use.bind("one")).volume_context["storageaccount"] ?? "");
    Object.assign(account?.properties ?? {}, { allowSharedKeyAccess: true });
    const { code, openAccounts, differences } = await access();
    assert.deepEqual([code, differences["open"]], [3, 1]);
    assert.deepEqual(openAccounts[0]?.nonEntraAccess, ["shared key access is on (allowSharedKeyAccess is not false)"]);
  });

  it("says which ServiceAccounts can become the identity, unless it need not", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    const { federatedCredentials } = identity("workload-a");
    const audiences = ["api://AzureADTokenExchange"];
    const { issuer } = use.app.emulator.issuer;
    federatedCredentials.clear();
    const trust = (name: string, issuer: string, subject: string) =>
      federatedCredentials.set(name, { name, issuer, subject, audiences });
    trust("own", issuer, "system:serviceaccount:team:app");
    trust("ci", "https://token.actions.example", "repo:team/app:ref:refs/heads/main");
    const [mount] = (await access()).volumes[0]?.mounts ?? [];
    assert.deepEqual(mount?.serviceAccounts, ["team/app"]);
    assert.match(JSON.stringify(mount), /repo:team\/app/);
    assert.equal((await access({ trusts: false })).volumes[0]?.mounts[0]?.serviceAccounts, null);
    assert.ok(!use.calls().includes("federatedCredentials/list"));
  });

  it("goes on without rights to read identities and deny assignments, and says so", async () => {
    use = await startVolumesInUse();
    assign(containerScope(await use.bind("one")), READER);
    use.loseAccess(await use.bind("lost"));
    for (const operation of ["identities/list", "denyAssignments/list"]) {
      use.app.emulator.faults.add({
        match: { operation },
        times: -1,
        action: { status: 403, code: "AuthorizationFailed" },
      });
    }
    const { code, ...document } = await access();
    assert.deepEqual([code, document.identitiesRead, document.denyAssignments], [3, false, null]);
    assert.deepEqual(briefly(of(document, "one")).sort(), [
      "expected, container, keyless-csi",
      "unexpected, container, others",
    ]);
    assert.deepEqual(briefly(of(document, "lost")), ["missing"]);
    const { text } = await run({ output: "table" });
    assert.match(text, /identities could not be read/);
    assert.match(text, /Deny assignments could not be read/);
  });

  it("fails where role assignments cannot be read: what is unknown is not called fine", async () => {
    use = await startVolumesInUse();
    await use.bind("one");
    const refused = { status: 403, code: "AuthorizationFailed" };
    use.app.emulator.faults.add({ match: { operation: "roleAssignments/list" }, times: -1, action: refused });
    await assert.rejects(access(), /listing the role assignments/);
  });

  it("does not look at another cluster's accounts, nor at others' containers in an account that was given", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    const account = world().accounts.get(volume.volume_context["storageaccount"] ?? "") ?? assert.fail("no account");
    const given = { ...account, id: account.id.replace(account.name, "given"), name: "given" };
    world().accounts.set("given", { ...given, tags: { "keyless-csi.cluster": use.app.config.clusterId } });
    assign(`${given.id}/blobServices/default/containers/others`, READER);
    assert.deepEqual((await access()).differences, { missing: 0, unexpected: 0, inherited: 0, open: 0 });
    account.tags = { ...account.tags, "keyless-csi.cluster-uid": "of-another" };
    assign(containerScope(volume), READER);
    assert.deepEqual((await access()).volumes, []);
  });

  it("looks at an account that lost its tags, and says which volume it could not look at", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    const account = world().accounts.get(volume.volume_context["storageaccount"] ?? "") ?? assert.fail("no account");
    account.tags = {};
    assign(containerScope(volume), READER);
    assert.equal((await access()).differences["unexpected"], 1);
    world().accounts.delete(account.name);
    const { code, volumes, notReviewed } = await access();
    assert.deepEqual([code, volumes, notReviewed.length], [0, [], 1]);
    const { text } = await run({ output: "table" });
    assert.match(squeeze(text), /PersistentVolume pvc-\S+ was not looked at: its storage account is gone/);
  });

  it("finds what opens an account ahead of its first volume", async () => {
    use = await startVolumesInUse();
    const volume = await use.bind("one");
    assign(accountScope(volume), READER);
    use.cluster.persistentVolumes.splice(0);
    use.loseAccess(volume);
    const { differences, volumes } = await access();
    assert.deepEqual([differences["unexpected"], volumes.map(({ container }) => container)], [1, [null]]);
  });

  it("says what is wrong without a cluster", async () => {
    use = await startVolumesInUse();
    const streams = { stdout: createSink().stream, stderr: createSink().stream };
    const config = { ...use.app.config, kubernetes: "off" as const };
    await assert.rejects(
      runAccess({ config, values: { output: "json" }, ...streams }),
      /no cluster was queried, .*: give --kubeconfig FILE/,
    );
    const draft = command.check?.({ kubernetes: "off" }, {}) ?? [];
    assert.ok(draft.some(({ setting }) => setting === "kubernetes"));
  });
});

describe("the review of access in the background", () => {
  let use: VolumesInUse;
  afterEach(() => use.app.stop());

  /** Longer than the interval and its jitter. */
  const ROUND_MS = 72 * 60_000;
  async function round(): Promise<string> {
    const ended = use.app.untilTask("access-review");
    await use.app.time.advance(ROUND_MS);
    return await ended;
  }
  async function gauges(): Promise<(number | undefined)[]> {
    const { host = "", port = 0 } = use.app.app.health ?? {};
    const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
    return ["missing", "unexpected", "inherited"].map((kind) => {
      const [, value] = new RegExp(`^keyless_csi_access_differences{kind="${kind}"} (.*)$`, "m").exec(text) ?? [];
      return value === undefined ? undefined : Number(value);
    });
  }
  const logged = (text: string) => use.app.log().split(text).length - 1;

  it("counts what the claims do not account for, by four lists, and says each change once", async () => {
    use = await startVolumesInUse([], { tasks: ["access-review"] });
    const lost = await use.bind("lost");
    await use.bind("kept");
    assert.deepEqual(await gauges(), [undefined, undefined, undefined], "left out before the first round");
    use.app.forgetCalls();
    assert.equal(await round(), "done");
    assert.deepEqual(use.calls(), [
      "identities/list",
      "storageAccounts/listByGroup",
      "roleAssignments/list",
      "roleDefinitions/list",
    ]);
    assert.deepEqual([await gauges(), logged("do not account for")], [[0, 0, 0], 0]);
    use.loseAccess(lost);
    const { roleAssignments, resourceGroups } = use.app.emulator.world;
    const [kept = assert.fail("no role assignment")] = [...roleAssignments.values()].filter(({ scope }) =>
      scope.includes("/containers/"),
    );
    const [group = assert.fail("no group")] = resourceGroups.values();
    for (const [name, scope] of [
      ["00000000-0000-4000-8000-00000000000a", kept.scope],
      ["00000000-0000-4000-8000-00000000000b", group.id],
    ] as const) {
      roleAssignments.set(name, { ...kept, name, scope, principalId: randomUUID() });
    }
    for (let rounds = 0; rounds < 2; rounds++) assert.equal(await round(), "done");
    assert.deepEqual(await gauges(), [1, 1, 1]);
    assert.equal(
      logged("role assignments that the claims do not account for: 1 missing, 1 unexpected, 1 inherited"),
      1,
    );
  });

  it("keeps the numbers of the round before while Azure does not answer", async () => {
    use = await startVolumesInUse([], { tasks: ["access-review"] });
    use.loseAccess(await use.bind("lost"));
    await round();
    const refused = { status: 403, code: "AuthorizationFailed" };
    use.app.emulator.faults.add({ match: { operation: "roleAssignments/list" }, times: -1, action: refused });
    assert.equal(await round(), "failed");
    assert.deepEqual(await gauges(), [1, 0, 0]);
  });

  it("costs as many lists for thousands of volumes, and some reads of what lists do not show", async () => {
    use = await startVolumesInUse([], { tasks: ["access-review"] });
    const { volume_id: id } = await use.bind("first");
    const [first = assert.fail("no volume")] = use.cluster.persistentVolumes;
    const name = id.split("#")[2] ?? "";
    for (let number = 0; number < 1_000; number++) {
      const container = `${name.slice(0, -6)}${String(900_000 + number)}`;
      use.cluster.persistentVolumes.push({ ...first, name: container, handle: id.replace(name, container) });
      const last = use.cluster.persistentVolumes.at(-1);
      if (last) Object.assign(last, { attributes: { ...first.attributes, containerName: container } });
    }
    use.app.forgetCalls();
    assert.equal(await round(), "done");
    const reads = use.calls().filter((operation) => operation === "roleAssignments/get").length;
    assert.deepEqual([use.calls().length - reads, reads], [4, 100]);
    assert.deepEqual(await gauges(), [1_000, 0, 0]);
  });
});
