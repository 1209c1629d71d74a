// Every class in deploy/ works with the roles that `keyless-csi roles` prints by default: the controller has no others.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { parseAllDocuments } from "yaml";
import { heldContainers } from "../support/held.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";
import { refused } from "../support/refused.ts";
import { readDeployed } from "../support/sources.ts";
import { createAndDelete, FEATURES } from "./features.ts";

interface StorageClass {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly parameters: Readonly<Record<string, string>>;
}

const CLASSES = readDeployed().flatMap(({ path, text }) =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as StorageClass | null)
    .filter((object) => object?.kind === "StorageClass")
    .map((object) => ({ ...(object as StorageClass), path })),
);

describe("with the roles that keyless-csi roles prints by default", () => {
  let app: GrantedApp;
  beforeEach(async () => {
    app = await startGrantedApp({ roles: [] });
  });
  afterEach(() => app.stop());

  it("there are classes to try, one of them in the manifests", () => {
    assert(CLASSES.length >= 5);
    assert(CLASSES.some(({ path }) => path.startsWith("deploy/manifests/")));
  });

  for (const { metadata, parameters } of CLASSES) {
    it(`a volume of class ${metadata.name} is created, used and deleted, and Azure refuses nothing`, async () => {
      const { storageAccount, clientID } = parameters;
      if (storageAccount !== undefined) await makeAccount(app, storageAccount);
      app.forgetCalls();
      const filledIn = clientID === "" ? { clientID: app.emulator.info.identities[0]?.clientId ?? "" } : {};
      await createAndDelete(app, { ...parameters, ...filledIn });
      const wrong = app.armCalls().filter(({ status }) => status === 401 || status === 403);
      assert.deepEqual(wrong, []);
      assert.deepEqual(heldContainers(app.emulator.world), []);
    });
  }
});

describe("with the roles of before, which had no part trust", () => {
  let app: GrantedApp;
  beforeEach(async () => {
    app = await startGrantedApp({ roles: ["--with=identities"] });
  });
  afterEach(() => app.stop());

  it("a volume for a ServiceAccount is refused before the first write, with the part that is missing", async () => {
    await refused(
      FEATURES["a volume for a ServiceAccount"](app),
      status.UNAVAILABLE,
      /federatedIdentityCredentials\/read.*`keyless-csi roles --with trust` prints; role definitions and assignments take minutes/,
    );
    const { accounts, containers } = app.emulator.world;
    assert.deepEqual([accounts.size, containers.size], [0, 0]);
  });
});

/** As an administrator makes it, and tags it for the controller. */
async function makeAccount(app: GrantedApp, name: string): Promise<void> {
  const properties = { allowSharedKeyAccess: false, allowBlobPublicAccess: false, isLocalUserEnabled: false };
  const body = {
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    location: "westeurope",
    tags: { "keyless-csi.cluster": app.config.clusterId },
    properties: { ...properties, supportsHttpsTrafficOnly: true, minimumTlsVersion: "TLS1_2" },
  };
  const id = `${app.group}/providers/Microsoft.Storage/storageAccounts/${name}`;
  const { status: made, text } = await app.asAdministrator("PUT", id, body);
  assert.equal(made, 202, text);
}
