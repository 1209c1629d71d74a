// The pods that wait for a claim, through the real client over HTTP: which of them count, how the list is read, and that one
// that is too long asks for the annotation.
import assert from "node:assert/strict";
import { readReferences } from "../../../src/backend/blob/references.ts";
import { createCluster } from "../../../src/kubernetes/cluster.ts";
import type { Cluster } from "../../../src/volume/ports.ts";
import { type PagingServer, startPagingServer } from "../../support/paging-server.ts";

const pathOf = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;

interface Written {
  readonly name: string;
  readonly volumes?: readonly object[];
  readonly phase?: string;
  readonly bytes?: number;
  readonly serviceAccountName?: string;
}

const claiming = (...names: string[]) => names.map((claimName) => ({ persistentVolumeClaim: { claimName } }));
const pod = ({
  name,
  volumes = claiming("data"),
  phase = "Pending",
  bytes = 0,
  serviceAccountName = "app",
}: Written) => ({
  metadata: { name, uid: `uid-${name}`, annotations: { padding: "x".repeat(bytes) } },
  spec: { serviceAccountName, volumes: [{ emptyDir: {} }, ...volumes] },
  status: { phase },
});

describe("the pods that use a claim", () => {
  let server: PagingServer;
  let cluster: Cluster;
  let now = 0;

  beforeEach(async () => {
    now = 0;
    server = await startPagingServer();
    cluster = createCluster({ kubeconfig: server.kubeconfig, readReferences, now: () => now });
  });
  afterEach(() => server.stop());

  const holding = (namespace: string, ...pods: Written[]) => server.lists.set(pathOf(namespace), pods.map(pod));
  const using = (name: string, namespace = "team") => cluster.listPodsUsing({ namespace, name });
  const names = async (name: string) => (await using(name)).map((each) => each.name);

  it("are Pending, name it in a volume, and are of its namespace", async () => {
    holding(
      "team",
      { name: "waiting", volumes: claiming("other", "data") },
      { name: "running", phase: "Running" },
      { name: "ended", phase: "Succeeded" },
      { name: "without", volumes: [] },
      { name: "another", volumes: claiming("other") },
      { name: "ephemeral", volumes: [{ ephemeral: { volumeClaimTemplate: {} } }] },
    );
    holding("evil", { name: "evil" });
    assert.deepEqual(await using("data"), [{ name: "waiting", uid: "uid-waiting", serviceAccount: "app" }]);
    assert.deepEqual(await names("none"), []);
    for (const { searchParams } of server.requests) {
      assert.equal(searchParams.get("fieldSelector"), "status.phase=Pending");
      assert.equal(searchParams.get("limit"), "20");
    }
  });

  it("without a ServiceAccount's name have that of the namespace's default", async () => {
    holding("team", { name: "plain", serviceAccountName: "" });
    assert.equal((await using("data"))[0]?.serviceAccount, "default");
  });

  it("are read in pages, once for all claims that wait together", async () => {
    const pods = Array.from({ length: 50 }, (_, index) => ({
      name: `pod-${index}`,
      volumes: claiming(`data-${index}`),
    }));
    holding("team", ...pods);
    const claims = Array.from({ length: 10 }, (_, index) => index * 5);
    const found = await Promise.all(claims.map((index) => names(`data-${index}`)));
    assert.deepEqual(
      found,
      claims.map((index) => [`pod-${index}`]),
    );
    assert.equal(server.requests.length, 2 * 3, "one list for the first, one for the others");
  });

  it("of two namespaces are never read at the same moment", async () => {
    let running = 0;
    let most = 0;
    server.before = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return 200;
    };
    const namespaces = ["a", "b", "c"];
    for (const each of namespaces)
      holding(each, ...Array.from({ length: 50 }, (_, index) => ({ name: `${each}-${index}` })));
    const found = await Promise.all(namespaces.map((each) => using("data", each)));
    assert.deepEqual(
      found.map(({ length }) => length),
      [50, 50, 50],
    );
    assert.equal(most, 1);
  });

  it("that are too many or too large are not guessed from half a list: the claim must be annotated", async () => {
    holding("team", ...Array.from({ length: 150 }, (_, index) => ({ name: `pod-${index}`, bytes: 250_000 })));
    const refused = {
      reason: "Misconfigured",
      message:
        /^namespace team has too many pods .* annotate the claim with keyless-csi\/service-account: <name of a ServiceAccount in team>$/,
    };
    await assert.rejects(using("data"), refused);
    const asked = server.requests.length;
    assert(asked < 40, `${asked} pages were read`);
    await assert.rejects(using("another"), refused);
    assert.equal(server.requests.length, asked, "it is remembered for some seconds");
    holding("team", { name: "small" });
    now += 15_000;
    assert.deepEqual(await names("data"), ["small"]);
  });

  it("are read in smaller pages where one has too many bytes", async () => {
    holding("team", ...Array.from({ length: 20 }, (_, index) => ({ name: `pod-${index}`, bytes: 900_000 })));
    assert.equal((await names("data")).length, 20);
    const limits = server.requests.map(({ searchParams }) => searchParams.get("limit"));
    assert.deepEqual([...new Set(limits)], ["20", "5", "2"]);
  });

  it("are not known when a page fails", async () => {
    holding("team", ...Array.from({ length: 30 }, (_, index) => ({ name: `pod-${index}` })));
    server.before = (url) => (url.searchParams.has("continue") ? 410 : 200);
    await assert.rejects(using("data"), { reason: "Unavailable", message: /pods of namespace team .*HTTP 410/ });
  });
});
