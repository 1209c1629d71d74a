// The service is killed at any cloud call, the claim is deleted, and no call for the volume ever comes again: what is left
// can be computed, and `orphans` finds all of it and nothing that is in use.
import assert from "node:assert/strict";
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { createAdapters } from "../../src/app/adapters.ts";
import { toControllerConfig } from "../../src/config/controller.ts";
import { controllerSettings } from "../../src/config/controller-settings.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { FaultMoment } from "../../src/emulator/faults/faults.ts";
import type { Dependencies } from "../../src/volume/dependencies.ts";
import type { Orphan } from "../../src/volume/orphans/orphan.ts";
import { createOrphanRemoval } from "../../src/volume/orphans/removal.ts";
import { surveyOrphans } from "../../src/volume/orphans/survey.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { silentObserver } from "../support/silent-observer.ts";
import { type Census, type Cloud, startCloud } from "./support/cloud.ts";
import { report } from "./support/figures.ts";
import { requestOf, volumeName, volumeOf } from "./support/modes.ts";
import { type Service, type Spares, startSpares } from "./support/service.ts";

const MINUTE_MS = 60_000;
/** `--older-than`'s default. */
const OLDER_THAN_MS = 60 * MINUTE_MS;
/** How far off the clock of the machine that runs `orphans` may be. */
const SKEWS_MINUTES = [0, 10, -10];

/** Where create is cut off: reads first, then each write, with what may exist by then. */
const CREATE_CALLS = [
  "storageAccounts/create",
  "storageAccounts/poll",
  "containers/get",
  "containers/create",
  "roleAssignments/create",
];
const DELETE_CALLS = [
  "roleAssignments/list",
  "roleAssignments/delete",
  "containers/delete",
  "containers/list",
  "storageAccounts/delete",
];
const MOMENTS: readonly FaultMoment[] = ["before", "after"];

describe("claims abandoned at any cloud call", function () {
  this.timeout(300_000);
  let cloud: Cloud;
  let spares: Spares;
  let cluster: FakeCluster;
  let looking: Dependencies;
  /** Volumes in use, including one that its PersistentVolume keeps after its claim is gone. */
  let live: Census;
  let abandoned: Census;
  let counter = 100;
  let kills = 0;

  before(async () => {
    cloud = await startCloud();
    spares = startSpares(cloud);
    cluster = createFakeCluster(cloud.emulator.issuer.issuer);
    const loaded = loadSettings(controllerSettings, {
      argv: ["--cloud-file", cloud.readyFile, "--cluster-id", "faults"],
      env: {},
    });
    assert("values" in loaded, JSON.stringify(loaded));
    looking = await createAdapters(toControllerConfig(loaded.values), silentObserver(), { cluster });
    await makeLiveVolumes();
  });
  after(async () => {
    await spares?.stop();
    await cloud?.stop();
  });

  async function makeLiveVolumes(): Promise<void> {
    const service = await spares.next();
    for (const [number, isolation] of ["pool", "pool", "volume", "volume"].entries()) {
      const request = requestOf(cloud.emulator, volumeName(number), { isolation });
      const { volume_id: handle, volume_context: attributes } = volumeOf(
        await service.csi.controller("CreateVolume", request),
      );
      cluster.persistentVolumes.push({ name: volumeName(number), handle, attributes, phase: "Bound" });
    }
    await service.kill();
    live = cloud.census();
  }

  /** Kills the service at a call that `work` makes, and leaves Azure as it is at that moment. */
  async function killAt(service: Service, at: { operation: string; held: Promise<void> }, work: Promise<unknown>) {
    const outcome = work.catch(() => "cut off");
    await Promise.race([at.held, outcome.then(() => assert.fail(`${at.operation} was never called`))]);
    await service.kill();
    await outcome;
    cloud.clearFaults();
    kills += 1;
  }

  it("leave only what can be computed from names", async () => {
    for (const isolation of ["pool", "volume"]) {
      for (const operation of CREATE_CALLS) {
        for (const moment of MOMENTS) {
          counter += 1;
          // A class of its own, so that the account is created too.
          const request = requestOf(cloud.emulator, volumeName(counter), { isolation, tags: `case=${counter}` });
          // The class stays: an empty account of a pool that it leads to is none that nobody needs.
          const { parameters = {} } = request;
          cluster.classes.push({
            name: `case-${counter}`,
            provisioner: "keyless.blob.csi",
            parameters: { ...parameters },
          });
          const service = await spares.next();
          const held = cloud.hold({ service: "arm", operation }, 0, moment);
          await killAt(service, { operation, held }, service.csi.controller("CreateVolume", request));
        }
      }
    }
    for (const operation of DELETE_CALLS) {
      for (const moment of MOMENTS) {
        counter += 1;
        const service = await spares.next();
        const request = requestOf(cloud.emulator, volumeName(counter), { isolation: "volume" });
        const { volume_id: id } = volumeOf(await service.csi.controller("CreateVolume", request));
        const held = cloud.hold({ service: "arm", operation }, 0, moment);
        await killAt(service, { operation, held }, service.csi.controller("DeleteVolume", { volume_id: id }));
      }
    }
    abandoned = without(cloud.census(), live);
    assert(abandoned.containers.length > 5 && abandoned.roleAssignments.length > 2);
  });

  for (const skew of SKEWS_MINUTES) {
    it(`are found completely, and nothing else is, with a clock that is ${skew} minutes off`, async () => {
      if (skew === SKEWS_MINUTES[0]) await advanceClock(OLDER_THAN_MS + 15 * MINUTE_MS);
      const young = await makeYoungVolume();
      const findings = await look(skew);
      assertAll(findings);
      for (const part of young) assert(!findings.some(({ id }) => id.includes(part)), `${part} is being created`);
    });
  }

  it("are removed completely, and nothing else is", async () => {
    const findings = await look(0);
    assertAll(findings);
    const remove = createOrphanRemoval(looking, { now: () => performance.now() });
    for (const finding of findings) assert.equal(await remove(finding), "removed", finding.id);
    assert.deepEqual(await look(0), []);
    const left = without(cloud.census(), live);
    const kept = left.accounts.filter((name) => !young.has(name));
    // Accounts of a pool belong to no volume: the next volume of the class uses them.
    for (const name of kept)
      assert.equal(cloud.emulator.world.accounts.get(name)?.tags["keyless-csi.isolation"], "pool");
    assert.deepEqual(
      left.containers.filter((key) => !young.has(key.split("/")[0] ?? "")),
      [],
    );
    const now = cloud.census();
    for (const key of ["accounts", "containers", "roleAssignments"] as const) {
      for (const each of live[key]) assert(now[key].includes(each), `${each} is in use and was removed`);
    }
    const { containers, roleAssignments } = abandoned;
    report(
      2,
      `${kills} kills without a replay left ${containers.length} containers, ${roleAssignments.length} role assignments and ` +
        `${findings.filter(({ kind }) => kind === "account").length} accounts: all found and removed, ` +
        `none of ${live.containers.length} live volumes touched, clock 10 min off or not`,
    );
  });

  /** Until the controller's token is a new one too: the old one has expired by then. */
  async function advanceClock(ms: number): Promise<void> {
    const { tokenFile } = cloud.emulator.info.controller;
    const watcher = watch(dirname(tokenFile));
    const renewed = new Promise<void>((resolve) => {
      watcher.on("change", (_, name) => name === basename(tokenFile) && resolve());
    });
    cloud.emulator.clock.advance(ms);
    await renewed;
    watcher.close();
  }

  const young = new Set<string>();

  /** Created at this very moment by another replica: it has no PersistentVolume yet, and its claim was not listed. */
  async function makeYoungVolume(): Promise<string[]> {
    counter += 1;
    const service = await spares.next();
    const request = requestOf(cloud.emulator, volumeName(counter), { isolation: "volume" });
    const { volume_id: id } = volumeOf(await service.csi.controller("CreateVolume", request));
    await service.kill();
    const [account = "", container = ""] = id.split("#").slice(1, 3);
    young.add(account);
    return [account, container];
  }

  async function look(skewMinutes: number): Promise<readonly Orphan[]> {
    const nowMs = cloud.emulator.clock.now() + skewMinutes * MINUTE_MS;
    const { orphans: findings } = await surveyOrphans(looking, { olderThanMs: OLDER_THAN_MS, nowMs });
    return findings;
  }

  /** Every container; every account for one volume that holds none; every role assignment whose container is gone. */
  function assertAll(findings: readonly Orphan[]): void {
    const { world } = cloud.emulator;
    const containersOf = (account: string) => abandoned.containers.filter((key) => key.startsWith(`${account}/`));
    const expected = [
      ...abandoned.containers.map((key) => `container ${key}`),
      ...abandoned.accounts
        .filter((name) => world.accounts.get(name)?.tags["keyless-csi.isolation"] === "volume")
        .filter((name) => containersOf(name).length === 0)
        .map((name) => `account ${name}`),
      ...abandoned.roleAssignments
        .map((each) => each.split("|")[0] ?? "")
        .filter((scope) => !abandoned.containers.some((key) => scope.endsWith(`/${key.split("/")[1]}`)))
        .map((scope) => `role assignment ${scope.split("/").at(-1)}`),
    ];
    const found = findings.map(({ kind, id }) => {
      const [, account = "", container] =
        /storageAccounts\/([^/]+)(?:\/blobServices\/default\/containers\/([^/]+))?/.exec(id) ?? [];
      if (kind === "file system") return `container ${account}/${container}`;
      return kind === "account" ? `account ${account}` : `${kind} ${container ?? id}`;
    });
    assert.deepEqual(found.sort(), expected.sort());
  }
});

function without(all: Census, some: Census): Census {
  const rest = (key: keyof Census) => all[key].filter((each) => !some[key].includes(each));
  return { accounts: rest("accounts"), containers: rest("containers"), roleAssignments: rest("roleAssignments") };
}
