// The stand-in over its own HTTPS port: what a CreateVolume and a DeleteVolume ask, and how it counts.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { request } from "node:https";
import { GROUP, SUBSCRIPTION } from "../../../scripts/bench/stand-in/azure.ts";
import { armKind, blobKind, type CallCounts, segmentsOf } from "../../../scripts/bench/stand-in/calls.ts";
import { type StandIn, startStandIn } from "../../../scripts/bench/stand-in/server.ts";

const ACCOUNT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts/acc`;
const CONTAINER = `${ACCOUNT}/blobServices/default/containers/pvc-1`;

describe("the bench's stand-in", () => {
  let standIn: StandIn;
  beforeEach(async () => {
    standIn = await startStandIn();
  });
  afterEach(() => standIn.close());

  interface Got {
    readonly status: number;
    readonly text: string;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  }

  function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Got> {
    return new Promise((resolve, reject) => {
      const call = request(`${standIn.origin}${path}`, { method, headers, ca: standIn.ca, agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
      });
      call.on("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
  const counts = async () => JSON.parse((await ask("GET", "/_bench/calls")).text) as CallCounts;

  it("creates an account as Azure does: 202 with an address to poll, then what was sent", async () => {
    equal((await ask("GET", ACCOUNT)).status, 404);
    const sent = { location: "westeurope", tags: { a: "b" }, properties: { allowSharedKeyAccess: false } };
    const accepted = await ask("PUT", ACCOUNT, sent);
    equal(accepted.status, 202);
    equal(accepted.headers["retry-after"], "1");
    const poll = new URL(String(accepted.headers["location"]));
    const polled = JSON.parse((await ask("GET", `${poll.pathname}${poll.search}`)).text);
    const { properties, tags } = JSON.parse((await ask("GET", ACCOUNT)).text);
    deepEqual(tags, { a: "b" });
    deepEqual([properties.allowSharedKeyAccess, properties.provisioningState], [false, "Succeeded"]);
    equal(polled.name, "acc");
  });

  it("keeps an account in creation for as long as it is set to", async () => {
    await ask("PUT", "/_bench/settings", { accountMs: 3_600_000 });
    const accepted = await ask("PUT", ACCOUNT, { properties: {} });
    equal(accepted.headers["retry-after"], "17");
    match((await ask("GET", ACCOUNT)).text, /"provisioningState":"Creating"/);
  });

  it("has a container once, whichever way it was created, with its metadata", async () => {
    equal((await ask("GET", CONTAINER)).status, 404);
    equal((await ask("PUT", CONTAINER, { properties: { metadata: { size: "1" } } })).status, 201);
    const again = await ask("PUT", "/acc/pvc-1?restype=container");
    deepEqual([again.status, again.headers["x-ms-error-code"]], [409, "ContainerAlreadyExists"]);
    equal((await ask("PUT", "/acc/pvc-2?restype=container", undefined, { "x-ms-meta-size": "2" })).status, 201);
    const byArm = JSON.parse((await ask("GET", CONTAINER.replace("pvc-1", "pvc-2"))).text);
    deepEqual(byArm.properties.metadata, { size: "2" });
    equal((await ask("GET", "/acc/pvc-1?restype=container")).headers["x-ms-meta-size"], "1");
    equal((await ask("DELETE", CONTAINER)).status, 200);
    equal((await ask("DELETE", CONTAINER)).status, 204);
  });

  it("lists a role assignment at its own scope, and below it without a filter", async () => {
    const at = `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments`;
    equal((await ask("PUT", `${at}/a1`, { properties: { principalId: "p" } })).status, 201);
    const list = async (scope: string, query: string) => {
      const { text } = await ask("GET", `${scope}/providers/Microsoft.Authorization/roleAssignments${query}`);
      return (JSON.parse(text) as { value: readonly { name: string }[] }).value.map(({ name }) => name);
    };
    deepEqual(await list(CONTAINER, "?$filter=atScope()"), ["a1"]);
    deepEqual(await list(ACCOUNT, "?$filter=atScope()"), []);
    deepEqual(await list(ACCOUNT, ""), ["a1"]);
    equal((await ask("DELETE", `${at}/a1`)).status, 200);
    deepEqual(await list(ACCOUNT, ""), []);
  });

  it("answers each claim with the UID of its name, and lists volumes in pages", async () => {
    const claim = JSON.parse((await ask("GET", "/api/v1/namespaces/bench/persistentvolumeclaims/claim-u1")).text);
    deepEqual([claim.metadata.uid, claim.spec.storageClassName], ["u1", "bench"]);
    await ask("PUT", "/_bench/settings", { persistentVolumes: 5 });
    const page = JSON.parse((await ask("GET", "/api/v1/persistentvolumes?limit=3")).text);
    deepEqual([page.items.length, page.metadata.continue], [3, "3"]);
    const rest = JSON.parse((await ask("GET", "/api/v1/persistentvolumes?limit=3&continue=3")).text);
    deepEqual([rest.items.length, rest.metadata.continue], [2, undefined]);
    const names = [...page.items, ...rest.items].map(({ metadata }) => metadata.name);
    equal(new Set(names).size, 5);
  });

  it("counts by kind, tells lists apart, and notices requests for keys", async () => {
    await ask("GET", CONTAINER);
    await ask("GET", CONTAINER);
    await ask("GET", `${ACCOUNT}/blobServices/default/containers`);
    await ask("POST", `${ACCOUNT}/listKeys`);
    const counted = await counts();
    deepEqual(counted.kinds, { "GET containers": 2, "LIST containers": 1, "POST listKeys": 1 });
    deepEqual([counted.total, counted.keys], [4, 1]);
    ok(counted.connections >= 4);
    await ask("DELETE", "/_bench/calls");
    equal((await counts()).total, 0);
  });

  it("refuses what nobody asks of it", async () => {
    equal(
      (await ask("GET", ACCOUNT.replace("Microsoft.Storage/storageAccounts", "Microsoft.Network/vnets"))).status,
      501,
    );
    equal((await ask("PUT", "/_bench/settings", { delay: "slow" })).status, 400);
  });
});

describe("the kind of a call", () => {
  const kindOf = (method: string, path: string) => armKind(method, segmentsOf(path));

  it("to ARM is the method and the last type", () => {
    equal(kindOf("GET", CONTAINER), "GET containers");
    equal(kindOf("PUT", `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments/x`), "PUT roleAssignments");
    equal(kindOf("GET", `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments`), "LIST roleAssignments");
    equal(kindOf("POST", `${ACCOUNT}/listKeys`), "POST listKeys");
    equal(kindOf("GET", `/subscriptions/${SUBSCRIPTION}`), "GET subscriptions");
  });

  it("to the data plane tells a container from what is in it", () => {
    const blob = (method: string, path: string, query = "") =>
      blobKind(method, segmentsOf(path), new URLSearchParams(query));
    equal(blob("PUT", "/acc/pvc-1", "restype=container"), "PUT blob container");
    equal(blob("GET", "/acc", "comp=list"), "LIST blob containers");
    equal(blob("GET", "/acc/pvc-1", "restype=container&comp=list"), "LIST blobs");
    equal(blob("PUT", "/acc/pvc-1/file"), "PUT blob");
  });
});
