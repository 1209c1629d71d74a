// What a claim's event says of a refusal by Azure, over the socket: code, reason and way out, and what Azure holds afterwards.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import {
  ACCOUNT,
  type ArmErrorBody,
  alias,
  CONTAINER,
  DISALLOWED_BY_AZURE,
  denyAssignment,
  disallowed,
  GROUP,
  missingRight,
  OTHER_TENANT,
  scopeLocked,
} from "../support/azure-answers.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";

/** Kubernetes cuts an event at 1,024 characters; csi-provisioner writes `failed to provision volume with StorageClass "…": rpc error: …`. */
const ROOM = 850;

interface Refusal {
  readonly status: number;
  readonly error: ArmErrorBody;
  /** Before anything is written. */
  readonly code: keyof typeof status;
  readonly says: readonly RegExp[];
  /** Of what else the message must not speak. */
  readonly never?: RegExp;
}

const action = "Microsoft.Storage/storageAccounts/write";
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "a deny assignment": {
    status: 403,
    error: denyAssignment(
      action,
      ACCOUNT,
      `with name 'Deny of stack Deployment Stack lz' and Id '4e1d' at scope '${GROUP}'`,
    ),
    code: "FAILED_PRECONDITION",
    says: [
      /deny assignment "Deny of stack Deployment Stack lz" \(id 4e1d\) at \S*rg-platform-storage-weu denies/,
      /no role helps/,
    ],
    never: /keyless-csi roles/,
  },
  "Microsoft's limit of regions": {
    status: 403,
    error: DISALLOWED_BY_AZURE,
    code: "FAILED_PRECONDITION",
    says: [/best available regions/, /no role and no policy changes that/],
    never: /keyless-csi roles/,
  },
  "a policy that wants another region": {
    status: 403,
    error: disallowed({
      assignment: "EU only",
      definition: "Allowed locations",
      reason: "Data stays in the EU.",
      expressions: [
        {
          expression: "location",
          path: "location",
          operator: "NotIn",
          targetValue: ["norwayeast"],
          expressionValue: "westeurope",
        },
      ],
    }),
    code: "FAILED_PRECONDITION",
    says: [
      /location must be one of norwayeast/,
      /because "Data stays in the EU\."/,
      /complies \(location: "norwayeast"\)/,
    ],
  },
  "a policy that no class can please": {
    status: 403,
    error: disallowed({
      assignment: "CMK",
      definition: "Customer-managed keys",
      expressions: [{ ...alias("encryption.keySource"), operator: "NotEquals", targetValue: "Microsoft.Keyvault" }],
    }),
    code: "FAILED_PRECONDITION",
    says: [
      /encryption\.keySource must be Microsoft\.Keyvault/,
      /no class can comply/,
      /in the class's storageAccount$/,
    ],
    never: /change the class/,
  },
  "a lock against writes": {
    status: 409,
    error: scopeLocked(ACCOUNT, "write", `${GROUP}/providers/Microsoft.Authorization/locks/freeze`),
    code: "FAILED_PRECONDITION",
    says: [/lock "freeze" of level ReadOnly at \S*rg-platform-storage-weu does not allow write operations/],
  },
  "a code that nobody knows": {
    status: 400,
    error: {
      code: "SomethingNew",
      message: "No.\nRequestId:8a0fcb1e-001e-0042-1234-abcdef000000\nTime:2026-11-27T01:00:00Z",
    },
    code: "FAILED_PRECONDITION",
    says: [/\(SomethingNew, HTTP 400\): No; Azure's words say/],
    never: /correct the class|8a0fcb1e|2026-11/,
  },
  "a subscription that is read only": {
    status: 409,
    error: {
      code: "ReadOnlyDisabledSubscription",
      message: "The subscription is disabled and therefore marked as read only.",
    },
    code: "FAILED_PRECONDITION",
    says: [/the subscription's owner must make it active again/],
  },
  "a SKU that the region lacks": {
    status: 409,
    error: { code: "SkuNotAvailable", message: "Standard_ZRS is not available in westeurope." },
    code: "INVALID_ARGUMENT",
    says: [/use another skuName or location in the class/],
  },
  "a vault without the key": {
    status: 400,
    error: { code: "KeyVaultKeyNotFound", message: "The key is not there." },
    code: "FAILED_PRECONDITION",
    says: [/the owner of the key vault must restore it/],
  },
  "a token of another tenant": {
    status: 401,
    error: OTHER_TENANT,
    code: "UNAUTHENTICATED",
    says: [/72f988bf/, /0c1d2e3f/, /--storage-tenants/],
  },
};

describe("a refusal by Azure", function () {
  this.timeout(60_000);
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  /** Twice, since an event counts as the same only if its text is. */
  async function refusedAt(path: string, method: string, refusal: Refusal) {
    const body = JSON.stringify({ error: refusal.error });
    app.emulator.faults.add({ match: { method, path }, times: -1, action: { status: refusal.status, body } });
    const request = createRequest(app.emulator);
    const ask = () =>
      create(app, request).then(
        () => assert.fail("the volume was created"),
        ({ code, details }: { code: status; details: string }) => ({
          code: status[code],
          details: details.replace(/ \(call [0-9a-f-]+\)$/, ""),
        }),
      );
    const first = await ask();
    assert.deepEqual(await ask(), first);
    for (const said of refusal.says) assert.match(first.details, said);
    if (refusal.never !== undefined) assert.doesNotMatch(first.details, refusal.never);
    assert(first.details.length <= ROOM, `${first.details.length}: ${first.details}`);
    return first;
  }

  for (const [name, refusal] of Object.entries(REFUSALS)) {
    it(`at the account, ${name}: ${refusal.code}, and nothing exists`, async () => {
      const { code } = await refusedAt("/storageAccounts/kl", "PUT", refusal);
      assert.equal(code, refusal.code);
      assert.equal(app.emulator.world.accounts.size, 0);
    });
  }

  for (const name of ["a deny assignment", "a lock against writes", "a code that nobody knows"]) {
    it(`at the container of a new account, ${name}: Kubernetes keeps trying, and the message is the same`, async () => {
      const { code } = await refusedAt("/containers/", "PUT", REFUSALS[name] as Refusal);
      assert.equal(code, "UNAVAILABLE");
      assert.equal(app.emulator.world.accounts.size, 1);
    });
  }

  it("at the role assignment, a condition: Kubernetes keeps trying, with the right and the way out in the message", async () => {
    const scope = `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments/9f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0`;
    const error = missingRight(
      "Microsoft.Authorization/roleAssignments/write",
      scope,
      "authorization or an ABAC condition not fulfilled",
    );
    const answer = { status: 403, error: { ...error, code: "AuthorizationFailed" }, code: "UNAVAILABLE" } as const;
    const says = [
      /may not perform action 'Microsoft\.Authorization\/roleAssignments\/write'/,
      /give the controller's identity the roles/,
    ];
    const { code } = await refusedAt("/roleAssignments/", "PUT", { ...answer, says });
    assert.equal(code, "UNAVAILABLE");
  });

  it("at the removal of a role assignment, a deny assignment: no role is advised, and the volume stays", async () => {
    const { volume_id } = await create(app, createRequest(app.emulator));
    const right = "Microsoft.Authorization/roleAssignments/delete";
    const error = denyAssignment(right, CONTAINER, "with name 'Deny of stack Deployment Stack lz' and Id '4e1d'");
    const action = { status: 403, body: JSON.stringify({ error }) };
    app.emulator.faults.add({ match: { method: "DELETE", path: "/roleAssignments/" }, times: -1, action });
    await assert.rejects(app.csi.controller("DeleteVolume", { volume_id }), ({ details }: { details: string }) => {
      assert.match(details, /deny assignment "Deny of stack Deployment Stack lz" .*; no role helps/);
      assert.doesNotMatch(details, /keyless-csi roles/);
      return true;
    });
    assert.equal(heldContainers(app.emulator.world).length, 1);
    const end = `/containers/${volume_id.split("#")[2]}`;
    assert.equal(heldRoleAssignments(app.emulator.world).filter(({ scope }) => scope.endsWith(end)).length, 1);
  });

  it("at the removal of a role assignment whose container is gone, a deny assignment: the deletion goes on, and the log has the rest", async () => {
    const { volume_id } = await create(app, createRequest(app.emulator));
    const end = `/containers/${volume_id.split("#")[2]}`;
    app.emulator.world.containers.clear();
    const error = denyAssignment("Microsoft.Authorization/roleAssignments/delete", CONTAINER, "with Id '4e1d'");
    const action = { status: 403, body: JSON.stringify({ error }) };
    app.emulator.faults.add({ match: { method: "DELETE", path: "/roleAssignments/" }, times: -1, action });
    await app.csi.controller("DeleteVolume", { volume_id });
    assert.equal(heldRoleAssignments(app.emulator.world).filter(({ scope }) => scope.endsWith(end)).length, 1);
    assert.match(app.log(), /an Owner of the subscription must, with `az role assignment delete --ids/);
  });
});
