// The dashboard: Grafana's own form, queries that Prometheus understands, and no metric that nobody exposes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AZURE_LIMITS } from "../../src/emulator/settings.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { chartFolder } from "./support/helm.ts";
import { promtool, RULES, samplesOf } from "./support/promtool.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** Metrics of the sidecars: test/chart/install.test.ts sees them in the real csi-provisioner. */
const OF_SIDECARS = ["csi_sidecar_operations_seconds_count"];

const dashboard = JSON.parse(readFileSync(join(chartFolder, "files/dashboard.json"), "utf8")) as { panels: Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const expressions = panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m")),
);

/** The metrics that an expression reads. */
const metricsIn = (expression: string) =>
  [
    ...expression
      .replaceAll(/"[^"]*"|(?:by|on) \([^)]*\)|\{[^}]*\}/g, "")
      .matchAll(/\b((?:keyless_csi|csi|grpc|process|nodejs)_\w+)/g),
  ].map(([, name = ""]) => name);

describe("the dashboard", function () {
  this.timeout(60_000); // a guard against a hang only
  let app: EmulatedApp;
  let cluster: FakeCluster;
  before(async () => {
    app = await startEmulatedApp(["--http-endpoint", "127.0.0.1:0", "--prewarm", "--orphan-check-interval=10m"], {
      clusterFor: ({ issuer }) => {
        cluster = createFakeCluster(issuer.issuer);
        return cluster;
      },
      patience: { retryDelayMs: 5 },
      settings: { limits: AZURE_LIMITS },
    });
  });
  after(() => app.stop());

  it("has panels with a title, an explanation and a place of their own", () => {
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    const places = new Set<string>();
    for (const { title, description = "", gridPos, targets = [] } of panels) {
      assert(title !== "" && description !== "" && targets.length > 0, title);
      assert(gridPos.x + gridPos.w <= 24, title);
      assert(
        targets.every(({ legendFormat }) => legendFormat !== ""),
        title,
      );
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert(!places.has(`${x} ${y}`), `${title} covers another panel`);
          places.add(`${x} ${y}`);
        }
      }
    }
  });

  it("asks what Prometheus understands", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-dashboard-"));
    try {
      const file = join(folder, "rules.json");
      const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
      await writeFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
      assert.match(await promtool("check", "rules", file), new RegExp(`SUCCESS: ${rules.length} rules found`));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("and the alert rules read only what the service or a sidecar exposes", async () => {
    const { parameters = {} } = createRequest(app.emulator);
    cluster.classes.push({ name: "pool", provisioner: "keyless.blob.csi", parameters });
    await create(app, createRequest(app.emulator));
    await assert.rejects(create(app, createRequest(app.emulator, { skuNmae: "x" })));
    for (const task of ["access-review", "drift-check", "orphans", "prewarm", "volume-check"]) {
      const ended = app.untilTask(task);
      await app.time.advance(12 * 60_000);
      await ended;
    }
    const { host = "", port = 0 } = app.app.health ?? {};
    let exposed = new Set<string>();
    while (!exposed.has("keyless_csi_role_assignments") || !exposed.has("keyless_csi_storage_accounts")) {
      const text = await (await fetch(`http://${host}:${port}/metrics`)).text(); // counted behind a first scrape
      exposed = new Set([...samplesOf(text).keys()].map((series) => series.replace(/\{.*/, "")));
    }
    const rules = [...readFileSync(RULES, "utf8").matchAll(/^ +expr: (.*)$/gm)].map(([, expr = ""]) =>
      expr.replace(/^'|'$/g, ""),
    );
    const read = [...expressions, ...rules].flatMap(metricsIn);
    assert(read.length > 50);
    assert.deepEqual(
      [...new Set(read)].filter((name) => !exposed.has(name) && !OF_SIDECARS.includes(name)),
      [],
    );
  });
});
