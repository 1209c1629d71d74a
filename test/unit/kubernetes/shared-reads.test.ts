// What calls that come together read of the API server, which answers here with what it knew when it was asked.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readReferences } from "../../../src/backend/blob/references.ts";
import { createCluster } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";
import { writeKubeconfig } from "../../support/kubeconfig.ts";

interface Row {
  readonly what: string;
  readonly ask: (cluster: Cluster) => Promise<unknown>;
  /** Another object, which needs a read of its own. */
  readonly askOther: (cluster: Cluster) => Promise<unknown>;
  /** The object at first and later, each with what the port makes of it. */
  readonly old: readonly [object: object, answer: unknown];
  readonly changed: readonly [object: object, answer: unknown];
}

const CLIENT_ID = "azure.workload.identity/client-id";
const ROWS: readonly Row[] = [
  {
    what: "a namespace",
    ask: (cluster) => cluster.findNamespaceUid("team"),
    askOther: (cluster) => cluster.findNamespaceUid("other"),
    old: [{ metadata: { uid: "first" } }, "first"],
    changed: [{ metadata: { uid: "made again" } }, "made again"],
  },
  {
    what: "a StorageClass",
    ask: (cluster) => cluster.isBoundLate({ uid: "u", className: "fast" }),
    askOther: (cluster) => cluster.isBoundLate({ uid: "u", className: "slow" }),
    old: [{ volumeBindingMode: "Immediate" }, false],
    changed: [{ volumeBindingMode: "WaitForFirstConsumer" }, true],
  },
  {
    what: "a ServiceAccount",
    ask: (cluster) => cluster.findClientId("team", "app"),
    askOther: (cluster) => cluster.findClientId("other", "app"),
    old: [{ metadata: {} }, ""],
    changed: [{ metadata: { annotations: { [CLIENT_ID]: "id" } } }, "id"],
  },
];

describe("calls that come together", () => {
  let server: Server;
  let folder: string;
  let cluster: Cluster;
  let reads: string[];
  let status: number;
  let object: object;
  /** Lets the answers that wait for it go, with what they were when the request came. */
  let held: PromiseWithResolvers<void> | undefined;
  let asked: PromiseWithResolvers<void>;

  before(async () => {
    server = createServer(async (request, response) => {
      reads.push(request.url ?? "");
      const answer = [status, JSON.stringify(object)] as const;
      asked.resolve();
      await held?.promise;
      response.writeHead(answer[0], { "content-type": "application/json" }).end(answer[1]);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-kubeconfig-"));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = await writeKubeconfig(join(folder, "config"), { server: address });
    cluster = createCluster({ kubeconfig, readReferences, now: () => 0 });
  });
  beforeEach(() => {
    [reads, status, held, asked] = [[], 200, undefined, Promise.withResolvers()];
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });

  it("read the cluster's issuer twice at most, and it is remembered", async () => {
    object = { issuer: "https://issuer.example" };
    const answers = await Promise.all(Array.from({ length: 100 }, () => cluster.issuer()));
    assert.deepEqual(answers, Array(100).fill("https://issuer.example"));
    assert.equal(reads.length, 2);
    await cluster.issuer();
    assert.equal(reads.length, 2);
  });

  for (const { what, ask, askOther, old, changed } of ROWS) {
    it(`read ${what} twice at most, and another one by itself`, async () => {
      object = old[0];
      const answers = await Promise.all(Array.from({ length: 100 }, () => ask(cluster)));
      assert.deepEqual(answers, Array(100).fill(old[1]));
      assert.equal(reads.length, 2);
      await Promise.all([ask(cluster), askOther(cluster)]);
      assert.equal(new Set(reads.slice(2)).size, 2);
    });

    it(`find ${what} as it was when they asked or later, even while an older answer is on its way`, async () => {
      [object, held] = [old[0], Promise.withResolvers()];
      const first = ask(cluster);
      await asked.promise;
      object = changed[0];
      const later = [ask(cluster), ask(cluster)];
      held.resolve();
      assert.equal(await first, old[1]);
      assert.deepEqual(await Promise.all(later), [changed[1], changed[1]]);
      object = old[0];
      assert.equal(await ask(cluster), old[1], "nothing is remembered");
    });

    it(`share a failed read of ${what} with nobody who asked after it began`, async () => {
      [object, status, held] = [old[0], 500, Promise.withResolvers()];
      const first = ask(cluster);
      await asked.promise;
      status = 403;
      const later = [ask(cluster), ask(cluster)];
      held.resolve();
      await assert.rejects(first, { reason: "Unavailable" });
      await Promise.all(later.map((each) => assert.rejects(each, { reason: "Misconfigured" })));
      assert.equal(reads.length, 2);
      status = 200;
      assert.equal(await ask(cluster), old[1]);
    });
  }

  it("read each claim, and nothing besides", async () => {
    object = { metadata: { uid: "u" }, spec: { storageClassName: "fast" } };
    const claims = Array.from({ length: 20 }, (_, index) => ({ namespace: "team", name: `data-${index}` }));
    const found = await Promise.all(claims.map((claim) => cluster.findClaim(claim)));
    assert.deepEqual(found, Array(20).fill({ uid: "u", className: "fast" }));
    const paths = claims.map(({ name }) => `/api/v1/namespaces/team/persistentvolumeclaims/${name}`);
    assert.deepEqual(reads.sort(), paths.sort());
  });
});
