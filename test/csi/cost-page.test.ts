// docs/explanation/cost.md: its figures are what a volume takes, what a mount asks for by its block size, and what the shipped pods
// request. The log of two classes is measured, and the calls that the emulator has counted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { readTable } from "../support/documents.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster, persistentVolumeOf } from "../support/fake-cluster.ts";
import { repository } from "../support/sources.ts";

const PAGE = "docs/explanation/cost.md";
/** Volumes that are created and deleted one after another: the figures are means, rounded. */
const VOLUMES = 9;

const WAYS = [
  { api: "arm", title: "`arm`", parameters: {} },
  {
    api: "blob",
    title: "`blob` and `grantScope: account`",
    parameters: { isolation: "namespace", grantScope: "account" },
  },
] as const;

/** Kinds of requests to the Blob service that Azure bills, as the emulator names them; deletions are free. */
const isBilled = (operation: string) => !operation.endsWith("/delete");

describe(PAGE, () => {
  const rows = new Map(readTable(PAGE, "one volume, with").map(([title = "", ...figures]) => [title, figures]));
  let app: EmulatedApp;
  let cluster: FakeCluster;
  afterEach(() => app.stop());

  async function start(api: string): Promise<void> {
    const clusterFor = ({ issuer }: EmulatedApp["emulator"]) => {
      cluster = createFakeCluster(issuer.issuer);
      return cluster;
    };
    app = await startEmulatedApp(["--container-api", api, "--drift-check-interval", "off"], { clusterFor });
    cluster.namespaces.set("shop", "uid-shop");
  }

  async function bind(index: number, parameters: Record<string, string>): Promise<string> {
    const uid = `00000000-0000-4000-8000-00000000000${index}`;
    const name = `basket-${index}`;
    cluster.claims.set(`shop/${name}`, { uid, isBoundLate: false, className: "fast" });
    const claim = { "csi.storage.k8s.io/pvc/namespace": "shop", "csi.storage.k8s.io/pvc/name": name };
    const request = createRequest(app.emulator, { ...claim, ...parameters }, { name: `pvc-${uid}` });
    const volume = await create(app, request);
    cluster.persistentVolumes.push(persistentVolumeOf(volume, `pvc-${uid}`, { namespace: "shop", name, uid }));
    return volume.volume_id;
  }

  /** The cells of one row, for each volume on which `work` was done. */
  async function measure(work: () => Promise<void>): Promise<readonly string[]> {
    app.forgetCalls();
    const held = app.emulator.world.roleAssignments.size;
    const from = app.log().length;
    await work();
    const lines = app
      .log()
      .slice(from)
      .split("\n")
      .filter((line) => line !== "" && !line.includes('"level":"debug"'));
    const { calls } = app.emulator.calls.report();
    const made = Math.max(0, app.emulator.world.roleAssignments.size - held);
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    const counts = [
      calls.filter(({ service }) => service === "arm").length,
      calls.filter(({ service, operation }) => service === "blob" && isBilled(operation)).length,
      made,
      lines.length,
    ];
    return [...counts.map((count) => String(Math.round(count / VOLUMES))), (bytes / VOLUMES / 1000).toFixed(1)];
  }

  /** The counts exactly; the log to 0.1 KB, since durations have more digits on a slower machine. */
  function compare(row: string, measured: readonly string[]): void {
    const figures = rows.get(row) ?? assert.fail(`no row ${row}`);
    assert.deepEqual(figures.slice(0, -1), measured.slice(0, -1), row);
    const [stated, seen] = [Number(figures.at(-1)), Number(measured.at(-1))];
    assert(Math.abs(stated - seen) < 0.15, `${row}: ${seen} KB of log, the page says ${stated}`);
  }

  for (const { api, title, parameters } of WAYS) {
    it(`says what a volume takes that is created and deleted with ${title}`, async () => {
      await start(api);
      await bind(0, parameters);
      const ids: string[] = [];
      const created = await measure(async () => {
        for (let index = 1; index <= VOLUMES; index += 1) ids.push(await bind(index, parameters));
      });
      cluster.persistentVolumes.length = 0;
      const deleted = await measure(async () => {
        for (const id of ids) await app.csi.controller("DeleteVolume", { volume_id: id });
      });
      compare(`${title}, created`, created);
      compare(`${title}, deleted`, deleted);
    });
  }
});

describe(`${PAGE}, computed`, () => {
  it("divides a GiB into blocks", () => {
    for (const [size = "", requests = ""] of readTable(PAGE, "--block-cache-block-size")) {
      assert.equal(Number(requests.replace(",", "")) * Number.parseInt(size, 10), 1024, size);
    }
  });

  it("adds up what the shipped pods request", () => {
    const [controller, plugin] = readTable(PAGE, "").map(([, cpu, memory]) => [cpu, memory]);
    assert.deepEqual(controller, requestsOf("deploy/manifests/controller.yaml"));
    assert.deepEqual(plugin, requestsOf("deploy/examples/dedicated-node-plugin.yaml"));
  });
});

interface Workload {
  readonly spec?: {
    readonly template?: {
      readonly spec: { readonly containers: { readonly resources: { readonly requests: Record<string, string> } }[] };
    };
  };
}

/** Processor time and memory of all containers of the one workload in a file. */
function requestsOf(path: string): readonly string[] {
  const documents = parseAllDocuments(readFileSync(join(repository, path), "utf8"));
  const containers = documents.flatMap((each) => (each.toJSON() as Workload).spec?.template?.spec.containers ?? []);
  const sum = (resource: string) =>
    containers.reduce((total, { resources }) => {
      const [, amount = "", unit = ""] = /^(\d+)(m|Mi|Gi)$/.exec(resources.requests[resource] ?? "") ?? [];
      return total + Number(amount) * (unit === "Gi" ? 1024 : 1);
    }, 0);
  return [`${sum("cpu")}m`, `${sum("memory")}Mi`];
}
