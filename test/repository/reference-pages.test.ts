// The hand-written reference pages against the code: volume context, metrics, commands and persisted formats.
import assert from "node:assert/strict";
import { CONTEXT_KEYS } from "../../src/backend/blob/volume-context.ts";
import { CATALOGUE } from "../../src/commands/catalogue.ts";
import { EXIT } from "../../src/commands/command.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { encodeAccountTags } from "../../src/volume/formats/account-tags.ts";
import { trustTag } from "../../src/volume/formats/federated-credential.ts";
import { encodeMetadata, withPlacement, withPrincipals } from "../../src/volume/formats/file-system-metadata.ts";
import { SERVICE_ACCOUNT_ANNOTATION } from "../../src/volume/identity/service-account.ts";
import { planVolume, type VolumePlan } from "../../src/volume/plan.ts";
import { readTable } from "../support/documents.ts";
import { blobRules, CLIENT, SETTINGS } from "../support/volume-settings.ts";

const firstColumn = (path: string, heading: string) => readTable(path, heading).map(([cell]) => cell);

describe("docs/reference", () => {
  it("volume-context.md lists the keys of the volume context with their meanings", () => {
    const rows = readTable("docs/reference/volume-context.md", "key");
    assert.deepEqual(Object.fromEntries(rows), CONTEXT_KEYS);
  });

  it("metrics.md lists each of our metrics with its help, type and labels", async () => {
    const metrics = createMetrics("keyless.blob.csi", "1.2.3");
    metrics.watchInFlight(() => 0);
    metrics.watchReadiness(
      () => true,
      () => true,
    );
    metrics.setCheckInterval(600_000);
    metrics.countCall("/csi.v1.Controller/CreateVolume");
    metrics.countDrift();
    metrics.countFailure("m", "Busy");
    metrics.countBackgroundRun("t", "done");
    metrics.watchBackground(() => true);
    metrics.watchVolumes(() => ({ checked: 1, withoutStorage: 0, withoutAccess: 0 }));
    metrics.watchAccess(() => ({ missing: 1, unexpected: 0, inherited: 0 }));
    metrics.watchAccounts(() => ({ checked: 1, open: 0, completedAt: 1 }));
    metrics.watchAccountUsage(async () => [{ subscriptionId: "s", location: "l", used: 1, limit: 2 }]);
    metrics.countOrphanRemoved("account");
    metrics.watchOrphans(() => ({ counts: [{ kind: "account", state: "orphan", count: 1 }], completedAt: 1 }));
    metrics.watchPools(() => [{ className: "c", present: 1, wanted: 2 }]);
    metrics.countNothingDeleted("account");
    metrics.watchRoleAssignments(async () => [{ subscriptionId: "s", used: 1, limit: 2 }]);
    const drawnOn = { subscriptionId: "s", by: "arm", operation: "read" };
    metrics.watchBudget(() => [{ ...drawnOn, left: 1, waiting: 0, waitedSeconds: 0, throttled: 0 }]);
    metrics.observeOperation({ method: "/s/m", code: "OK", seconds: 1 });
    metrics.observeAzureRequest({ operation: "o", status: 200, seconds: 1 });
    const text = await metrics.render();
    const ours = [...text.matchAll(/^# HELP ((?:csi|keyless|grpc)_\w+) (.*)\n# TYPE \w+ (\w+)\n(.*)$/gm)];
    const inCode = ours.map(([, name, help, type, sample = ""]) => [name, type, labelsOf(sample), help]);
    const rows = readTable("docs/reference/metrics.md", "metric");
    const onPage = rows.map(([name, type, labels = "", what]) => [name, type, labels.replaceAll("`", ""), what]);
    assert.deepEqual(onPage.sort(byName), inCode.sort(byName));
  });

  it("commands.md lists the commands with their summaries, and the exit codes", () => {
    assert.deepEqual(
      readTable("docs/reference/commands.md", "command").map(([name, summary]) => [name, summary]),
      CATALOGUE.map(({ name, summary }) => [name, summary]),
    );
    assert.deepEqual(firstColumn("docs/reference/commands.md", "code").map(Number), Object.values(EXIT));
  });

  it("formats.md lists the tags and the metadata of a new volume", () => {
    const plans = ["pool", "namespace", "volume"].map(planWith);
    const tags = plans.flatMap(({ candidates: [first] }) =>
      Object.keys(first?.tags === undefined ? {} : encodeAccountTags({ ...first.tags, namespaceUid: "uid" })),
    );
    const onPage = firstColumn("docs/reference/formats.md", "tag").sort();
    assert.deepEqual(onPage, [...new Set(tags)].sort());
    const placement = { pool: "p", shard: 0, attempt: 0 };
    const [record] = plans.map(({ request: { claim }, sizeBytes, requestHash }) => {
      const names = { clusterId: "c", clusterUid: "u", volumeName: "pvc-1" };
      const metadata = encodeMetadata({ ...names, sizeBytes, requestHash, claim });
      return withPrincipals(withPlacement(metadata, placement), [CLIENT]);
    });
    const keys = Object.keys(record ?? {});
    assert.deepEqual(firstColumn("docs/reference/formats.md", "key").sort(), [...new Set(keys)].sort());
  });

  it("formats.md names the annotation and the tag that people write", () => {
    const written = readTable("docs/reference/formats.md", "where").map(([, name]) => name);
    assert.ok(written.includes(SERVICE_ACCOUNT_ANNOTATION));
    const [tag = ""] = trustTag("https://issuer").split(/(?<=\.)/);
    assert.ok(written.some((name) => name?.startsWith(tag)));
  });
});

function planWith(isolation: string): VolumePlan {
  const parameters = { clientID: CLIENT, isolation };
  const claim = { namespace: "a", name: "b" };
  return planVolume(
    { name: "pvc-1", requiredBytes: 0, limitBytes: 0, parameters, claim, mountFlags: [], accessModes: [] },
    blobRules({ ...SETTINGS, clusterUid: "uid" }),
  );
}

function labelsOf(sample: string): string {
  const names = [...sample.matchAll(/(\w+)="/g)].map(([, name]) => name);
  return names.filter((name) => name !== "le").join(", ");
}

function byName([a = ""]: readonly (string | undefined)[], [b = ""]: readonly (string | undefined)[]): number {
  return a < b ? -1 : 1;
}
