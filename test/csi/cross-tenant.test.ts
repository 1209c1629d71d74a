// Storage in another tenant: the controller exchanges its own projected token there, and grants an identity of that tenant.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { containerFor, read, write } from "../../src/commands/demo/workload.ts";
import { checkController } from "../../src/config/controller.ts";
import { startEmulatedApp } from "../support/emulated-app.ts";
import { addTenant, type SecondTenant } from "../support/emulated-rights.ts";
import { refused } from "../support/refused.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";

describe("storage in another tenant", () => {
  it("is provisioned there, opened by an identity there, and by none from here", async () => {
    let abroad: SecondTenant | undefined;
    const app = await startEmulatedApp((emulator) => {
      abroad = addTenant(emulator);
      const place = `${abroad.subscriptionId}/${abroad.resourceGroup}`;
      return [
        ...["--storage-tenants", `${abroad.subscriptionId}=${abroad.tenantId}/${abroad.controllerClientId}`],
        ...["--allowed-resource-groups", place],
        ...["--identity-scopes", `${abroad.subscriptionId},${emulator.info.subscriptionId}`],
      ];
    });
    if (abroad === undefined) assert.fail("no second tenant");
    const { emulator, csi } = app;
    const { subscriptionId, tenantId, resourceGroup, workload } = abroad;
    const request = (clientID: string) => ({
      name: `pvc-${randomUUID()}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: { clientID, subscriptionID: subscriptionId, resourceGroup },
    });
    const { volume } = await csi.controller("CreateVolume", request(workload.clientId));
    assert.equal(volume?.volume_context["tenantID"], tenantId);
    assert.equal(volume?.volume_context["subscriptionid"], subscriptionId);
    const { storageaccount: account = "", containerName = "" } = volume?.volume_context ?? {};
    const url = `${emulator.info.blobEndpoint}/${account}/${containerName}`;
    const { authorityHost } = emulator.info;
    const serviceAccountToken = () => emulator.issuer.mint({ namespace: "demo", name: "abroad" });
    const there = containerFor(url, { clientId: workload.clientId, tenantId, authorityHost, serviceAccountToken });
    assert.equal((await write(there, "a", "hello")).status, 201);
    assert.equal((await read(there, "a")).text, "hello");

    const here = emulator.info.identities[0]?.clientId ?? "";
    const asked = csi.controller("CreateVolume", request(here));
    await refused(asked, status.FAILED_PRECONDITION, /Azure grants access only within a tenant/);
    await csi.controller("DeleteVolume", { volume_id: volume?.volume_id ?? "" });
    await app.stop();
  });

  it("is refused at the start with a managed identity", () => {
    const storageTenants = [{ subscriptionId: randomUUID(), tenantId: randomUUID(), clientId: randomUUID() }];
    const faults = checkController({ emulator: true, credential: "managed-identity", storageTenants });
    assert.match(faults.map(({ problem }) => problem).join(), /"managed-identity" cannot sign in to other tenants/);
  });
});
