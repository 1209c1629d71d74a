import assert from "node:assert/strict";
import { blobBackend } from "../../../src/backend/blob/backend.ts";
import { DriverError } from "../../../src/errors.ts";
import { isUsed, type ParameterRow } from "../../../src/volume/class/parameter-row.ts";
import { findIgnored, parseVolumeClass } from "../../../src/volume/class/parse-class.ts";
import { poolKeyOf } from "../../../src/volume/class/volume-class.ts";
import { CLIENT, SETTINGS, SUBSCRIPTION } from "../../support/volume-settings.ts";

const parse = (parameters: Record<string, string>, settings = SETTINGS) =>
  parseVolumeClass({ clientID: CLIENT, ...parameters }, settings, blobBackend);

const ROWS: readonly ParameterRow[] = blobBackend.parameters;

function refusalOf(parameters: Record<string, string>): string {
  try {
    parse(parameters);
  } catch (error) {
    assert(error instanceof DriverError);
    assert.equal(error.reason, "InvalidRequest");
    return error.message;
  }
  assert.fail(`accepted: ${JSON.stringify(parameters)}`);
}

describe("StorageClass parameters", () => {
  it("a client id alone is enough, and the rest comes from the operator", () => {
    assert.deepEqual(parse({}), {
      subscriptionId: SUBSCRIPTION,
      resourceGroup: "keyless",
      location: "westeurope",
      tags: {},
      identity: "parameters",
      clientId: CLIENT,
      tenantId: SETTINGS.tenantId,
      isolation: "pool",
      poolSize: 1,
      grantScope: "container",
      acceptsFileCache: false,
      protocol: "fuse2",
    });
  });

  it("every used parameter is read, by its name without case", () => {
    const read = parse({
      SKUNAME: "premium_zrs",
      location: "West Europe",
      accesstier: "premium",
      isHnsEnabled: "TRUE",
      BlobStorageAccountType: "ADLS",
      tags: "team=a;cost = 7",
      tagValueDelimiter: ";",
      publicNetworkAccess: "disabled",
      requireInfraEncryption: "true",
      softDeleteBlobs: "7",
      softDeleteContainers: "0",
      tenantID: "AAAAAAAA-0000-0000-0000-000000000000",
      principalID: "BBBBBBBB-0000-0000-0000-000000000000",
      isolation: "pool",
      poolSize: "4",
      grantScope: "container",
      acceptFileCache: "true",
      protocol: "fuse2",
      storageEndpointSuffix: "core.windows.net",
    });
    assert.deepEqual(read, {
      subscriptionId: SUBSCRIPTION,
      resourceGroup: "keyless",
      location: "westeurope",
      skuName: "Premium_ZRS",
      accessTier: "Premium",
      isHnsEnabled: true,
      blobStorageAccountType: "adls",
      publicNetworkAccess: "Disabled",
      requireInfrastructureEncryption: true,
      softDeleteBlobsDays: 7,
      softDeleteContainersDays: 0,
      tagValueDelimiter: ";",
      tags: { team: "a", cost: "7" },
      identity: "parameters",
      clientId: CLIENT,
      tenantId: "aaaaaaaa-0000-0000-0000-000000000000",
      principalId: "bbbbbbbb-0000-0000-0000-000000000000",
      isolation: "pool",
      poolSize: 4,
      grantScope: "container",
      acceptsFileCache: true,
      protocol: "fuse2",
      storageEndpointSuffix: "core.windows.net",
    });
  });

  it("fuse means fuse2, and the server of a given account is read", () => {
    assert.equal(parse({ protocol: "FUSE" }).protocol, "fuse2");
    for (const server of [
      "given.privatelink.blob.core.windows.net",
      "Given.z12.blob.storage.azure.net",
      "data.example",
    ]) {
      assert.equal(parse({ storageAccount: "given", server }).server, server);
    }
  });

  it("every parameter that states what we do anyway is accepted with its value and refused with another", () => {
    for (const row of ROWS) {
      if (row.effect !== "stated") continue;
      const { name, values } = row;
      for (const value of values) assert.deepEqual(parse({ [name]: value.toUpperCase() }), parse({}), name);
      assert.match(refusalOf({ [name]: "perhaps" }), new RegExp(`${name} "perhaps" has no effect`));
    }
  });

  it("values that were once sent to the node plugin are accepted without effect, with what works instead", () => {
    for (const [name, value, instead] of [
      ["mountPermissions", "0755", "-o umask=0027"],
      ["mountPermissions", "640", "-o umask=0027"],
      ["fsGroupChangePolicy", "Always", "the pod's fsGroup"],
      ["FSGroupChangePolicy", "onrootmismatch", "the pod's fsGroup"],
    ] as const) {
      assert.deepEqual(parse({ [name]: value }), parse({}), name);
      const [told = "", ...more] = findIgnored(ROWS, { skuName: "Standard_LRS", [name]: value });
      assert(told.startsWith(`${name} "${value}" has no effect`) && told.includes(instead), told);
      assert.deepEqual(more, []);
    }
    assert.deepEqual(
      findIgnored(ROWS, { mountPermissions: "0777", fsGroupChangePolicy: "none", networkEndpointType: "" }),
      [],
    );
  });

  it("every key-based and every unsupported parameter is refused with a way out", () => {
    for (const row of ROWS) {
      if (isUsed(row) || row.effect === "stated") continue;
      const { name, instead } = row;
      const message = refusalOf({ [name.toUpperCase()]: "x" });
      assert(message.includes(name.toUpperCase()) && message.includes(instead), message);
    }
  });

  it("a class of blob.csi.azure.com that asks for no key works as it is", () => {
    parse({
      skuName: "Standard_LRS",
      protocol: "fuse2",
      mountWithWorkloadIdentityToken: "true",
      allowSharedKeyAccess: "false",
      storeAccountKey: "false",
      allowBlobPublicAccess: "false",
      matchTags: "true",
      networkEndpointType: "",
    });
  });

  it("a misspelt parameter is refused with the nearest known name", () => {
    assert.match(
      refusalOf({ skuNmae: "Standard_LRS" }),
      /skuNmae is not a parameter of this driver: did you mean skuName\?/,
    );
    assert.match(refusalOf({ zzzzzzzz: "1" }), /zzzzzzzz is not a parameter of this driver: remove it/);
  });

  it("all problems are reported at once", () => {
    const message = refusalOf({ skuName: "Gold", poolSize: "0", secretName: "s", protocol: "nfs", nonsense: "" });
    for (const part of ["skuName", "poolSize", "secretName", "protocol", "nonsense"])
      assert(message.includes(part), message);
  });

  for (const [parameters, expected] of [
    [{ clientID: "me" }, /clientID "me" is not valid: give a GUID/],
    [
      { clientID: "" },
      /clientID is missing: .* or set identity: serviceAccount, and each claim's ServiceAccount names it/,
    ],
    [{ clientID: "", principalID: CLIENT }, /or set identity: serviceAccount without principalID, and/],
    [
      { principalID: CLIENT },
      /principalID "[0-9a-f-]+" is the client id: set it to the object id of the identity, or remove it/,
    ],
    [{ principalID: SETTINGS.tenantId }, /principalID "[0-9a-f-]+" is the tenant's id: set it to the object id/],
    [{ clientID: SUBSCRIPTION }, /clientID "[0-9a-f-]+" is the subscription's id: set it to the identity's client id/],
    [
      { skuName: "PremiumV2_LRS" },
      /skuName "PremiumV2_LRS" is not valid: use Standard_LRS.*; provisioned v2 accounts hold file/,
    ],
    [{ protocol: "nfs" }, /protocol "nfs" is not valid: remove it or use fuse2; NFS asks for no identity/],
    [{ protocol: "aznfs" }, /protocol "aznfs" is not valid: remove it or use fuse2; NFS asks for no identity/],
    [{ protocol: "smb" }, /protocol "smb" is not valid: remove it or use fuse2; SMB is for Azure Files/],
    [{ protocol: "fuse3" }, /protocol "fuse3" is not valid: remove it or use fuse2$/],
    [
      { shareName: "data" },
      /shareName is of file.csi.azure.com, for another kind of storage: remove it; .*`keyless-csi static`/,
    ],
    [{ containerName: "data" }, /containerName is not supported yet: remove it; .*`keyless-csi static`/],
    [
      { mountOptions: "-o ro" },
      /mountOptions is a field of the StorageClass, not of its parameters: move it out of `parameters`/,
    ],
    [
      { vnetName: "v", subnetName: "s" },
      /vnetName, subnetName are not supported yet: remove them and prepare network access/,
    ],
    [
      { reclaimPolicy: "Retain", provisioner: "x", allowVolumeExpansion: "true" },
      /reclaimPolicy, allowVolumeExpansion are fields of .*: move them/,
    ],
    [
      { secretName: "a", secretNamespace: "b" },
      /secretName, secretNamespace belong to mounting by account key.*: remove them; the workload/,
    ],
    [{ reclaimPolicy: "Retain" }, /reclaimPolicy is a field of the StorageClass/],
    [{ sku: "Standard_LRS" }, /sku is not a parameter of this driver: did you mean skuName\?/],
    [
      { storageAccountName: "given" },
      /storageAccountName is not a parameter of this driver: did you mean storageAccount\?/,
    ],
    [
      { skuNmae: "Gold" },
      /skuNmae is not a parameter of this driver; if skuName is meant: skuName "Gold" is not valid: use/,
    ],
    [{ skuName: "Standard_LRS", skuNmae: "Standard_LRS" }, /if skuName is meant: it is given already: remove skuNmae/],
    [{ allowSharedKeyAcess: "true" }, /if allowSharedKeyAccess is meant: allowSharedKeyAccess "true" has no effect/],
    [
      { identity: "serviceAccount", clientID: "", clinetID: CLIENT },
      /if clientID is meant: clientID has no meaning with identity "serviceAccount".*: remove it/,
    ],
    [
      { "csi.storage.k8s.io/provisioner-secret-name": "s" },
      /csi.storage.k8s.io\/provisioner-secret-name hands a secret to the driver, and this one uses none: remove it/,
    ],
    [
      { "CSI.storage.k8s.io/fstype": "ext4" },
      /CSI.storage.k8s.io\/fstype is of csi-provisioner, and not used: remove it/,
    ],
    [{ " skuName": "Standard_LRS" }, / skuName is not a parameter of this driver: did you mean skuName\?/],
    [{ isHnsEnabled: "yes" }, /isHnsEnabled "yes" is not valid: use "true" or "false"/],
    [{ isHnsEnabled: "true " }, /isHnsEnabled "true " is not valid/],
    [
      { server: "a.blob.example.net" },
      /server "a.blob.example.net" is the host of one account, .*: remove it, or name its/,
    ],
    [
      { server: "other.privatelink.blob.core.windows.net", storageAccount: "given" },
      /is the host of another account than storageAccount "given": correct one of them/,
    ],
    [
      { BlobStorageAccountType: "standard_lrs" },
      /"standard_lrs" is not valid: remove it; .* is skuName "Standard_LRS"/,
    ],
    [{ networkEndpointType: "privateEndpoint" }, /no private endpoint is created: remove it; prepare network access/],
    [{ skuName: "Standard_LRS", storageAccountType: "Standard_ZRS" }, /differ: keep one/],
    [{ skuname: "Standard_LRS", skuName: "Standard_LRS" }, /are the same parameter: keep one/],
    [{ accessTier: "Premium" }, /accessTier "Premium" is not valid: use Hot, Cool, Cold/],
    [{ poolSize: "65" }, /poolSize "65" is not valid: use a whole number from 1 to 64/],
    [{ poolSize: "1e1" }, /poolSize "1e1"/],
    [{ isolation: "volume", poolSize: "2" }, /poolSize "2" has no meaning with isolation "volume"/],
    [{ isolation: "cluster" }, /isolation "cluster" is not valid: use pool, namespace, volume/],
    [{ grantScope: "account" }, /grantScope "account" would open the containers of other tenants/],
    [{ defaultServiceAccount: "app" }, /defaultServiceAccount has no meaning with identity "parameters"/],
    [{ identity: "serviceAccount" }, /clientID has no meaning with identity "serviceAccount"/],
    [{ storageAccount: "UPPER" }, /storageAccount "UPPER" is not valid/],
    [{ storageAccount: "given", skuName: "Standard_LRS" }, /skuName has no effect on storageAccount "given"/],
    [{ storageAccount: "given", isolation: "volume" }, /isolation has no effect on storageAccount "given"/],
    [{ tags: "novalue" }, /write pairs as key=value/],
    [{ tags: "a=1,A=2" }, /stands twice/],
    [{ tags: "keyless-csi.cluster=other" }, /are ours/],
    [{ tags: "a=1\nb=2" }, /tag "a" has a line break or another control character; pairs are separated by ","/],
    [{ tags: '{"a":"b"}' }, /write pairs as key=value; pairs are separated by ","/],
    [
      { identityClientID: "x" },
      /identityClientID is not a parameter of this driver; if clientID is meant: it is given already/,
    ],
    [{ tags: "a<b=1" }, /has none of the characters/],
    [{ tags: Array.from({ length: 41 }, (_, index) => `t${index}=1`).join(",") }, /at most 40 tags/],
    [{ softDeleteBlobs: "366" }, /softDeleteBlobs "366"/],
    [{ mountPermissions: "rwx" }, /"rwx" has no effect, .* "0777" or "777" or "0"; .* `-o umask=0027`/],
    [{ mountPermissions: "0888" }, /"0888" has no effect/],
    [{ fsGroupChangePolicy: "Never" }, /set it to "None"; .* the pod's fsGroup becomes the group of the mount/],
    [{ BlobStorageAccountType: "file" }, /BlobStorageAccountType "file" is not valid: use block, adls/],
    [
      { BlobStorageAccountType: "adls" },
      /"adls" is of an account with .* asks for none: remove it, or set isHnsEnabled: "true"/,
    ],
    [{ BlobStorageAccountType: "block", isHnsEnabled: "true" }, /"block" contradicts isHnsEnabled/],
    [{ BlobStorageAccountType: "adls", isHnsEnabled: "false", storageAccount: "given" }, /"adls" contradicts/],
    [{ server: "https://x" }, /server "https:\/\/x" is not valid/],
    [{ resourceGroup: "elsewhere" }, /"elsewhere" .* is not one that the operator allows/],
    [{ subscriptionID: "55555555-5555-5555-5555-555555555555" }, /is not one that the operator allows/],
  ] as const) {
    it(`refuses ${JSON.stringify(parameters).slice(0, 70)}`, () => assert.match(refusalOf(parameters), expected));
  }

  it("on an administrator's account every parameter that would create or share one is refused, and no other", () => {
    // One more that is always refused, so that there is a message for each; a message lists ten problems.
    const samples: Record<string, string> = { storageAccount: "given", clientID: CLIENT, unknown: "" };
    const names = ROWS.filter((row) => isUsed(row) && !(row.name in samples)).map(({ name }) => name);
    const refused = names.filter((name) =>
      refusalOf({ ...samples, [name]: "?" }).includes(`${name} has no effect on storageAccount`),
    );
    assert.deepEqual(refused.sort(), [
      "accessTier",
      "isolation",
      "poolSize",
      "publicNetworkAccess",
      "requireInfraEncryption",
      "sasExpirationAction",
      "skuName",
      "softDeleteBlobs",
      "softDeleteContainers",
      "storageAccountType",
      "tags",
    ]);
  });

  it("the pool key has these fields, in no other spelling: another one would rename every account", () => {
    const everything = parse({
      ...{ skuName: "Standard_LRS", accessTier: "Hot", isHnsEnabled: "true", tags: "a=b", tagValueDelimiter: ";" },
      ...{ publicNetworkAccess: "Enabled", requireInfraEncryption: "true", softDeleteBlobs: "1" },
      ...{ sasExpirationAction: "Log" },
      ...{ softDeleteContainers: "1", poolSize: "2", acceptFileCache: "true" },
    });
    assert.deepEqual(Object.keys(poolKeyOf(ROWS, everything)).sort(), [
      "accessTier",
      "grantScope",
      "isHnsEnabled",
      "isolation",
      "location",
      "publicNetworkAccess",
      "requireInfrastructureEncryption",
      "resourceGroup",
      "sasExpirationAction",
      "skuName",
      "softDeleteBlobsDays",
      "softDeleteContainersDays",
      "subscriptionId",
      "tags",
    ]);
    assert.deepEqual(Object.keys(poolKeyOf(ROWS, parse({}))).sort(), [
      "grantScope",
      "isolation",
      "location",
      "resourceGroup",
      "subscriptionId",
      "tags",
    ]);
  });

  it("keeping data on deletion cannot go with access to the whole account", () => {
    const parameters = { clientID: CLIENT, isolation: "namespace", grantScope: "account" };
    parseVolumeClass(parameters, SETTINGS, blobBackend);
    assert.throws(
      () => parseVolumeClass(parameters, { ...SETTINGS, retainsOnDelete: true }, blobBackend),
      /--on-delete=retain/,
    );
  });

  it("a class for ServiceAccounts needs no client id", () => {
    const read = parseVolumeClass({ identity: "serviceaccount", defaultServiceAccount: "app" }, SETTINGS, blobBackend);
    assert.equal(read.identity, "serviceAccount");
    assert.equal(read.clientId, undefined);
    assert.equal(read.defaultServiceAccount, "app");
  });

  it("a missing client id is named", () => {
    assert.throws(() => parseVolumeClass({}, SETTINGS, blobBackend), /clientID is missing/);
  });

  it("another resource group is accepted when the operator allows it, without case", () => {
    const allowed = [{ subscriptionId: SUBSCRIPTION, resourceGroup: "Team-B" }];
    assert.equal(
      parse({ resourceGroup: "team-b" }, { ...SETTINGS, allowedResourceGroups: allowed }).resourceGroup,
      "team-b",
    );
  });
});
