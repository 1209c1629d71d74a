// Which folder may import which: one table, checked against every import under src.
import assert from "node:assert/strict";
import { findImports, readSources, type Source } from "../support/sources.ts";

interface Rule {
  /** Paths or path prefixes in the repository, besides the folder itself. */
  readonly ours: readonly string[];
  /** Our own files of which only types may be imported. */
  readonly oursTypes?: readonly string[];
  /** Packages, and `node:` for every built-in module. */
  readonly outside: readonly string[];
  /** Packages of which only types may be imported. */
  readonly outsideTypes?: readonly string[];
}

/** The bottom layer: every folder may use it; it imports nothing from src but errors. */
const ANYWHERE = ["src/errors.ts", "src/concurrency/", "src/text/"];
/** What both connections are made of. */
const HTTP = "src/http/";
const COMPOSITION: Rule = {
  ours: ["src/", "package.json"],
  outside: ["node:"],
};

/** The most specific prefix counts. */
const RULES: Readonly<Record<string, Rule>> = {
  "src/main.ts": COMPOSITION,
  "src/app/": COMPOSITION,
  "src/app/readiness.ts": { ...COMPOSITION, outsideTypes: ["@azure/identity"] },
  "src/command-line.ts": COMPOSITION,
  "src/version.ts": COMPOSITION,
  "src/bundled/": { ours: [], outside: ["node:"] },
  "src/commands/": COMPOSITION,
  "src/commands/demo": {
    ...COMPOSITION,
    outside: ["node:", "@grpc/grpc-js", "@grpc/proto-loader", "picocolors", "@azure/storage-blob", "@azure/identity"],
  },
  "src/commands/support/archive.ts": { ours: [], outside: ["node:", "modern-tar"] },
  "src/commands/static": { ...COMPOSITION, outside: ["node:", "yaml"] },
  "src/errors.ts": { ours: [], outside: [] },
  "src/concurrency/": { ours: ["src/errors.ts"], outside: [] },
  "src/concurrency/purpose.ts": { ours: [], outside: ["node:async_hooks"] },
  "src/text/": { ours: [], outside: [] },
  [HTTP]: { ours: [], outside: [], outsideTypes: ["undici"] },
  "src/config/": { ours: ANYWHERE, outside: ["node:"] },
  "src/config/sources.ts": { ours: ["src/config/", ...ANYWHERE], outside: ["node:", "yaml"] },
  "src/telemetry/": { ours: ANYWHERE, outside: ["node:"] },
  "src/telemetry/log.ts": { ours: ["src/telemetry/", ...ANYWHERE], outside: ["node:", "winston"] },
  "src/telemetry/metrics.ts": { ours: ["src/telemetry/"], outside: ["node:", "prom-client"] },
  "src/telemetry/labelled.ts": { ours: [], outside: ["prom-client"] },
  "src/telemetry/call-metrics.ts": { ours: ["src/telemetry/labelled.ts"], outside: ["prom-client"] },
  "src/telemetry/pool-metrics.ts": { ours: ["src/telemetry/labelled.ts"], outside: [], outsideTypes: ["prom-client"] },
  "src/telemetry/orphan-metrics.ts": {
    ours: ["src/telemetry/labelled.ts", "src/telemetry/optional.ts"],
    outside: [],
    outsideTypes: ["prom-client"],
  },
  "src/telemetry/access-metrics.ts": {
    ours: ["src/telemetry/labelled.ts"],
    outside: [],
    outsideTypes: ["prom-client"],
  },
  "src/telemetry/optional.ts": { ours: [], outside: ["prom-client"] },
  "src/telemetry/volume-metrics.ts": {
    ours: ["src/telemetry/optional.ts"],
    outside: [],
    outsideTypes: ["prom-client"],
  },
  "src/telemetry/budget-metrics.ts": {
    ours: ["src/telemetry/labelled.ts"],
    outside: [],
    outsideTypes: ["prom-client"],
  },
  "src/csi/": { ours: ["src/volume/", ...ANYWHERE], outside: ["node:", "@grpc/grpc-js", "@grpc/proto-loader"] },
  "src/volume/": { ours: ANYWHERE, oursTypes: ["src/backend/backend.ts"], outside: ["node:crypto"] },
  "src/doctor/": {
    ours: ["src/volume/", ...ANYWHERE],
    oursTypes: ["src/backend/backend.ts"],
    outside: [],
  },
  "src/backend/backend.ts": { ours: [], oursTypes: ["src/volume/ports.ts", "src/volume/class/"], outside: [] },
  "src/backend/blob/": {
    ours: [
      "src/backend/backend.ts",
      "src/azure/",
      "src/volume/ports.ts",
      "src/volume/names.ts",
      "src/volume/formats/",
      "src/volume/class/",
      ...ANYWHERE,
    ],
    outside: [],
    outsideTypes: ["@azure/arm-storage"],
  },
  "src/azure/": {
    ours: ["src/volume/ports.ts", "src/volume/formats/", "src/volume/names.ts", ...ANYWHERE],
    oursTypes: ["src/doctor/ports.ts"],
    outside: ["node:", "@azure/"],
  },
  "src/azure/http-client.ts": {
    ours: ["src/concurrency/remembered.ts", "src/azure/"],
    outside: ["node:", "@azure/", "undici"],
  },
  "src/azure/http-exchange.ts": { ours: ["src/azure/", HTTP], outside: ["node:", "@azure/"] },
  "src/kubernetes/": {
    ours: [
      "src/volume/ports.ts",
      "src/volume/references.ts",
      "src/volume/identity/service-account.ts",
      "src/volume/formats/federated-credential.ts",
      ...ANYWHERE,
    ],
    oursTypes: ["src/doctor/ports.ts"],
    outside: ["node:", "@kubernetes/client-node"],
  },
  "src/kubernetes/api.ts": {
    ours: ["src/kubernetes/exchange.ts", ...ANYWHERE],
    outside: ["@kubernetes/client-node", "undici"],
  },
  "src/kubernetes/exchange.ts": { ours: [HTTP], outside: [] },
  "src/emulator/": { ours: [], outside: ["node:", "jose", "@peculiar/x509", "reflect-metadata"] },
};

/** Only these may import the emulator, so that the service bundle can exclude it at one place. */
const MAY_IMPORT_EMULATOR = /^src\/(emulator\/|commands\/((emulator|demo|bundled-emulator)\.ts$|demo\/))/;
const EMULATOR_ONLY = /^src\/(emulator\/|commands\/((emulator|demo)\.ts$|demo\/))/;

function findBreaches(source: Source): readonly string[] {
  const [prefix, rule] =
    Object.entries(RULES)
      .filter(([each]) => source.path.startsWith(each))
      .sort(([a], [b]) => b.length - a.length)[0] ?? [];
  if (prefix === undefined || rule === undefined) return [`${source.path} is in no folder of the table`];
  const home = `${source.path.split("/").slice(0, -1).join("/")}/`;
  const folder = Object.keys(RULES).find((prefix) => prefix.endsWith("/") && home.startsWith(prefix)) ?? prefix;
  return findImports(source).flatMap(({ target, isOurs, isType }) => {
    const packages = isType ? [...rule.outside, ...(rule.outsideTypes ?? [])] : rule.outside;
    const ours = isType ? [...rule.ours, ...(rule.oursTypes ?? [])] : rule.ours;
    const allowed = isOurs ? [...ours, folder] : packages;
    if (!allowed.some((prefix) => target.startsWith(prefix))) return [`${source.path} may not import ${target}`];
    if (isType || !EMULATOR_ONLY.test(target) || MAY_IMPORT_EMULATOR.test(source.path)) return [];
    return [`${source.path} may not import ${target}: only src/commands/bundled-emulator.ts may import the emulator`];
  });
}

describe("layering", () => {
  const sources = readSources("src", ".ts");

  it("reads the sources", () => {
    assert.ok(sources.length >= 20);
    assert.ok(sources.flatMap(findImports).length > sources.length);
  });

  it("holds for every import under src", () => {
    assert.deepEqual(sources.flatMap(findBreaches), []);
  });

  const breaches: readonly (readonly [string, string, string])[] = [
    ["src/volume/create.ts", `import grpc from "@grpc/grpc-js";`, "@grpc/grpc-js"],
    ["src/volume/create.ts", `import { readFile } from "node:fs/promises";`, "node:fs"],
    ["src/volume/create.ts", `import type { X } from "../azure/arm.ts";`, "src/azure/arm.ts"],
    ["src/volume/create.ts", `import { x } from "../backend/backend.ts";`, "src/backend/backend.ts"],
    ["src/volume/create.ts", `import type { X } from "../backend/blob/size.ts";`, "src/backend/blob/size.ts"],
    ["src/backend/blob/size.ts", `import { x } from "../../volume/create.ts";`, "src/volume/create.ts"],
    ["src/azure/arm.ts", `import type { X } from "../backend/backend.ts";`, "src/backend/backend.ts"],
    ["src/azure/arm.ts", `import { a } from "../volume/create.ts";`, "src/volume/create.ts"],
    ["src/csi/call.ts", `import winston from "winston";`, "winston"],
    ["src/csi/call.ts", `export { x } from "../telemetry/log.ts";`, "src/telemetry/log.ts"],
    ["src/telemetry/health.ts", `import winston from "winston";`, "winston"],
    ["src/emulator/arm/service.ts", `import { DriverError } from "../../errors.ts";`, "src/errors.ts"],
    ["src/emulator/arm/service.ts", `const x = await import("../../azure/arm.ts");`, "src/azure/arm.ts"],
    ["src/app/service.ts", `import { startEmulator } from "../emulator/emulator.ts";`, "src/emulator/emulator.ts"],
    ["src/commands/controller.ts", `await import("../emulator/emulator.ts");`, "src/emulator/emulator.ts"],
    ["src/config/load.ts", `import\n  "../app/service.ts";`, "src/app/service.ts"],
    ["src/new-world/x.ts", "", "is in no folder"],
  ];
  for (const [path, text, found] of breaches) {
    it(`would find ${found} in ${path}`, () => {
      const [breach = "", ...others] = findBreaches({ path, text });
      assert.deepEqual(others, []);
      assert.ok(breach.includes(found) && breach.includes(path));
    });
  }

  it("keeps the word container out of the code of src/volume: what a volume is made of is a backend's business", () => {
    const naming = readSources("src/volume", ".ts").filter(({ text }) =>
      /container/i.test(text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")),
    );
    assert.deepEqual(
      naming.map(({ path }) => path),
      [],
    );
  });

  it("loads what writes archives on demand alone, so that a controller does not evaluate it", () => {
    const archive = "src/commands/support/archive.ts";
    const imports = sources.flatMap(findImports).filter(({ target, isType }) => target === archive && !isType);
    assert.deepEqual(
      imports.map(({ isDynamic }) => isDynamic),
      [true],
    );
  });

  it("allows types of the emulator everywhere", () => {
    const text = `import type { Emulator } from "../emulator/emulator.ts";`;
    assert.deepEqual(findBreaches({ path: "src/commands/controller.ts", text }), []);
  });
});
