// The API server over plain HTTP on loopback: connections and sign-ins, which the other tests of this folder do not look at.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { type Cluster, KubeConfig, type User } from "@kubernetes/client-node";
import { createServerIdentity } from "../../../src/emulator/http/certificate.ts";
import { type Api, apiPath, createApi } from "../../../src/kubernetes/api.ts";

describe("the API server", () => {
  let server: Server;
  let address: string;
  let connections = 0;
  let status: number;
  /** Authorization, method, path, body of each request. */
  let requests: (readonly [string | undefined, string, string, string])[];
  let user: { name: string; token: string };
  let now: number;
  let api: Api;

  before(async () => {
    server = createServer(async (request, response) => {
      const { headers, method = "", url = "" } = request;
      requests.push([headers.authorization, method, url, await text(request)]);
      response.writeHead(status, { "content-type": "application/json" }).end(`{"kind":"Any"}`);
    });
    server.on("connection", () => {
      connections += 1;
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    [requests, connections, status, now] = [[], 0, 200, 0];
    user = { name: "a", token: "first" };
    const config = new KubeConfig();
    const cluster: Cluster = { name: "a", server: address, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, user as User);
    api = createApi(config, `${address}/`, () => now);
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const tokens = () => requests.map(([authorization]) => authorization);

  it("is asked over the same connections, however many requests follow each other", async () => {
    for (let count = 0; count < 20; count += 1) assert.deepEqual(await api.get("/api/v1/any"), { kind: "Any" });
    assert.equal(requests.length, 20);
    // The second is opened when a request comes before the first has been put back.
    assert.ok(connections <= 2, String(connections));
  });

  it("is asked over a bounded number of connections, however many requests come at once", async () => {
    await Promise.all(Array.from({ length: 100 }, () => api.get("/api/v1/any")));
    assert.equal(requests.length, 100);
    // Some are opened when a request comes before one has been put back.
    assert.ok(connections <= 16, String(connections));
  });

  it("is signed in to again after a minute, and before that only when it has refused a token", async () => {
    await api.get("/a");
    user.token = "second";
    await api.get("/a");
    now = 60_000;
    await api.get("/a");
    user.token = "third";
    status = 401;
    await assert.rejects(api.get("/a"), { code: 401 });
    status = 200;
    await api.get("/a");
    assert.deepEqual(tokens(), ["Bearer first", "Bearer first", "Bearer second", "Bearer second", "Bearer third"]);
  });

  it("is not waited for by everybody while a credential plugin hangs, and signed in to once it works", async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "a", server: address, skipTLSVerify: true }, user as User);
    let plugin = () => new Promise<void>(() => {});
    config.addAuthenticator({ isAuthProvider: () => true, applyAuthentication: () => plugin() });
    api = createApi(config, address, () => now, 20);
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => api.get("/a")));
    for (const each of all) assert.match(String(each.status === "rejected" && each.reason), /credential plugin/);
    assert.deepEqual(requests, []);
    plugin = async () => {};
    assert.deepEqual(await api.get("/a"), { kind: "Any" });
  });

  it("gets the objects that are written as JSON, and values in a path escaped", async () => {
    await api.create(apiPath`/api/${"a/b c"}/x`, { at: new Date(0) });
    await api.replace("/api/y", { kind: "Y" });
    assert.deepEqual(
      requests.map(([, ...rest]) => rest),
      [
        ["POST", "/api/a%2Fb%20c/x", `{"at":"1970-01-01T00:00:00.000Z"}`],
        ["PUT", "/api/y", `{"kind":"Y"}`],
      ],
    );
  });

  it("is asked in HTTP/1.1 even where it would choose HTTP/2, and below a path of its own", async () => {
    const { key, cert } = await createServerIdentity([]);
    const asked: string[] = [];
    const secure = createSecureServer({ key, cert, allowHTTP1: true }, ({ httpVersion, url }, response) => {
      asked.push(`${httpVersion} ${url}`);
      response.end("{}");
    });
    secure.listen(0, "127.0.0.1");
    await once(secure, "listening");
    const sockets = new Set<Socket>();
    secure.on("connection", (socket: Socket) => sockets.add(socket));
    const home = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/clusters/a/`;
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "a", server: home, skipTLSVerify: true }, user as User);
    try {
      const behind = createApi(config, home, () => now);
      assert.deepEqual(await behind.get("/api/v1/any"), {});
      await behind.list("/api/v1/all", { limit: "5", continue: "a b&c" }, 100);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => secure.close(resolve));
    }
    const list = "/clusters/a/api/v1/all?limit=5&continue=a+b%26c";
    assert.deepEqual(asked, ["1.1 /clusters/a/api/v1/any", `1.1 ${list}`]);
  });

  it("is waited for as long as the reader says", async function () {
    this.timeout(8_000); // shorter than the time limit of a page
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const config = new KubeConfig();
    const home = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    config.loadFromClusterAndUser({ name: "a", server: home, skipTLSVerify: true }, user as User);
    try {
      const list = createApi(config, home, () => now).list("/api/v1/all", {}, 100, 1);
      await assert.rejects(list, { name: "TimeoutError" });
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  for (const refusal of [204, 302, 403, 500]) {
    it(`has not answered with an object when the status is ${refusal}`, async () => {
      status = refusal;
      await assert.rejects(api.get("/a"), { code: refusal });
    });
  }
});
