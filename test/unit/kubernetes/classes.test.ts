// StorageClasses through the real client over HTTP.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { type Api, createApi } from "../../../src/kubernetes/api.ts";
import { listClasses } from "../../../src/kubernetes/classes.ts";

describe("the StorageClasses", () => {
  let server: Server;
  let status = 200;
  let paths: (string | undefined)[];
  let api: Api;

  before(async () => {
    server = createServer(({ url }, response) => {
      paths.push(url);
      const own = { metadata: { name: "own" }, provisioner: "keyless.blob.csi", parameters: { skuName: "x" } };
      const items = [own, { metadata: { name: "other" }, provisioner: "any" }];
      const body =
        status === 200 ? { kind: "StorageClassList", metadata: {}, items } : { kind: "Status", code: status };
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: "a", server: address, skipTLSVerify: true }, { name: "a" });
    api = createApi(config, address, () => 0);
  });
  beforeEach(() => {
    paths = [];
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("are read at once, also one without parameters", async () => {
    assert.deepEqual(await listClasses(api), [
      { name: "own", provisioner: "keyless.blob.csi", parameters: { skuName: "x" } },
      { name: "other", provisioner: "any", parameters: {} },
    ]);
    assert.deepEqual(paths, ["/apis/storage.k8s.io/v1/storageclasses"]);
  });

  it("that may not be read are a fault that says which right is missing", async () => {
    status = 403;
    await assert.rejects(listClasses(api), { reason: "Misconfigured", message: /all StorageClasses is forbidden/ });
  });
});
