// Draws docs/explanation/dashboard.svg by hand, in some 4 minutes: a real Prometheus (Debian's `prometheus`) reads the service while it
// makes and deletes volumes on the emulator, meets throttling and refusals, and answers the dashboard's own queries. Grafana was not
// at hand: the picture shows the panels' data, not Grafana's look.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AZURE_LIMITS } from "../src/emulator/settings.ts";
import { freePort } from "../test/support/control-plane.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../test/support/emulated-app.ts";
import { startProgram } from "../test/support/processes.ts";
import { repository } from "../test/support/sources.ts";
import { drawLines } from "./bench/picture.ts";
import type { Series } from "./bench/report.ts";
import { ROWS } from "./generate-dashboard.ts";

const SECONDS = 200;
const STEP_SECONDS = 8;
/** What `$__rate_interval` is in a dashboard that shows minutes. */
const RATE_INTERVAL = "16s";
const MOST_LINES = 6;
/** Of Grafana, in words. */
const UNITS: Readonly<Record<string, string>> = { ops: "per second", s: "seconds", percentunit: "share" };
const [WIDTH, HEIGHT] = [760, 380];

interface Answer {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly values: [number, string][] }[];
  };
}

/** Volumes come and go; in the middle Azure throttles, later it refuses for a while. */
async function load(app: EmulatedApp, until: number): Promise<void> {
  const put = { method: "PUT", path: "/containers/" };
  const refusals = setTimeout(() => {
    app.emulator.faults.add({ match: put, times: 15, action: { status: 403, code: "AuthorizationFailed" } });
  }, SECONDS * 700);
  const throttling = setTimeout(() => {
    const action = { status: 429, code: "TooManyRequests", headers: { "retry-after": "2" } };
    app.emulator.faults.add({ match: put, times: 6, action });
  }, SECONDS * 400);
  for (let count = 0; Date.now() < until; count += 1) {
    const [made] = await Promise.allSettled([create(app, createRequest(app.emulator))]);
    const { volume_id } = made?.status === "fulfilled" ? made.value : {};
    if (volume_id !== undefined && count % 3 === 0) {
      await Promise.allSettled([app.csi.controller("DeleteVolume", { volume_id })]);
    }
    await delay(1_200);
  }
  clearTimeout(refusals);
  clearTimeout(throttling);
}

async function ask(prometheus: string, query: string, from: number, to: number): Promise<Answer["data"]["result"]> {
  const parameters = new URLSearchParams({ query, start: String(from), end: String(to), step: String(STEP_SECONDS) });
  const response = await fetch(`${prometheus}/api/v1/query_range?${parameters}`);
  if (!response.ok) throw new Error(`${query}: ${await response.text()}`);
  return ((await response.json()) as Answer).data.result;
}

/** `{{label}}` in a legend, as Grafana fills it in. */
const legend = (text: string, metric: Record<string, string>) =>
  text.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => shortened(metric[label] ?? ""));

/** What there is room for. */
const shortened = (value: string) =>
  value
    .replace(/Microsoft\.\w+\//, "")
    .replace("storageAccounts/blobServices/", "")
    .replace(/^([0-9a-f]{8})-[0-9a-f-]{27}$/, "$1…");

async function panelsOf(prometheus: string, from: number, to: number): Promise<string[]> {
  const panels: string[] = [];
  // The process here holds the emulator too: its memory and processor time say nothing of the service.
  const rows = Object.entries(ROWS).filter(([name]) => name !== "Background tasks and process");
  for (const { title, unit, queries } of rows.flatMap(([, row]) => row)) {
    const series: Series[] = [];
    for (const [expression, name] of queries) {
      const found = await ask(prometheus, expression.replaceAll("$__rate_interval", RATE_INTERVAL), from, to);
      for (const { metric, values } of found) {
        const points = values
          .map(([at, value]) => [at - from, Number(value)] as const)
          .filter(([, value]) => Number.isFinite(value));
        if (points.length > 1) series.push({ name: legend(name, metric), x: "seconds", y: UNITS[unit] ?? "", points });
      }
    }
    const most = ({ points }: Series) => Math.max(...points.map(([, value]) => value));
    const shown = series.toSorted((one, other) => most(other) - most(one)).slice(0, MOST_LINES);
    if (shown.some((each) => most(each) > 0)) panels.push(drawLines({ title, series: shown }));
  }
  return panels;
}

/** Three in a row, each at half its size. */
function arrange(panels: readonly string[]): string {
  const [width, height] = [WIDTH / 2, HEIGHT / 2];
  const placed = panels.map((panel, index) => {
    const place = `x="${(index % 3) * width}" y="${Math.floor(index / 3) * height}" width="${width}" height="${height}"`;
    return panel.replace('<svg xmlns="http://www.w3.org/2000/svg" ', `<svg ${place} `);
  });
  const all = `0 0 ${3 * width} ${Math.ceil(panels.length / 3) * height}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${all}"><title>keyless-csi in Prometheus</title>\n${placed.join("")}</svg>\n`;
}

const folder = await mkdtemp(join(tmpdir(), "keyless-csi-dashboard-"));
const app = await startEmulatedApp(["--http-endpoint", "127.0.0.1:0", "--account-cache", "20s"], {
  settings: { limits: AZURE_LIMITS },
});
const port = await freePort();
const config = join(folder, "prometheus.json");
const targets = [{ targets: [`127.0.0.1:${app.app.health?.port}`] }];
const job = { job_name: "keyless-csi", scrape_interval: "2s", static_configs: targets };
await writeFile(config, JSON.stringify({ scrape_configs: [job] }));
const flags = [
  `--config.file=${config}`,
  `--storage.tsdb.path=${join(folder, "data")}`,
  `--web.listen-address=127.0.0.1:${port}`,
];
const prometheus = await startProgram("prometheus", flags, { name: "prometheus", logFolder: folder });
try {
  const from = Math.floor(Date.now() / 1000);
  console.log(`volumes come and go for ${SECONDS} s`);
  await load(app, (from + SECONDS) * 1000);
  const panels = await panelsOf(`http://127.0.0.1:${port}`, from, from + SECONDS);
  const file = join(repository, "docs/explanation/dashboard.svg");
  await writeFile(file, arrange(panels));
  console.log(`${file}: ${panels.length} panels`);
} finally {
  await prometheus.stop();
  await app.stop();
  await rm(folder, { recursive: true });
}
