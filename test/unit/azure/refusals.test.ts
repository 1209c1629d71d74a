// Each refusal of Azure with its reason, its words and what to do: never a missing role where no role helps, never the class
// where no class can.
import assert from "node:assert/strict";
import { type TranslationOptions, toDriverError } from "../../../src/azure/faults.ts";
import { findRefusal, REFUSALS } from "../../../src/azure/refusals/codes.ts";
import { REASONS } from "../../../src/errors.ts";
import {
  ACCOUNT,
  type ArmErrorBody,
  ASSIGNING,
  CONTAINER,
  CREATING,
  DELETING,
  DISALLOWED_BY_AZURE,
  denyAssignment,
  GROUP,
  missingRight,
  OTHER_TENANT,
  PRINCIPAL,
  SUBSCRIPTION,
  scopeLocked,
  thrown,
} from "../../support/azure-answers.ts";

const LISTED = REFUSALS.flatMap(({ codes }) => codes);
const WRITE = "Microsoft.Storage/storageAccounts/write";

function told(status: number, body: ArmErrorBody, doing = CREATING, options: TranslationOptions = {}) {
  const { reason, message } = toDriverError(thrown(status, body), doing, options);
  assert(message.length <= 850, `${message.length}: ${message}`);
  assert(message.startsWith(`${doing} failed (`) && !/[\r\n]/.test(message), message);
  return { reason, message, words: message.slice(doing.length) };
}

describe("a code of Azure", () => {
  for (const code of LISTED) {
    it(`${code} has a reason and a remedy that fits into an event`, () => {
      const refusal = findRefusal(code);
      assert(refusal !== undefined && REASONS.includes(refusal.reason));
      assert(refusal.remedy.length > 0 && refusal.remedy.length <= 260, refusal.remedy);
      const { message } = told(400, { code, message: "No." });
      assert.match(message, /: No; .{10}/);
    });
  }

  it("stands in the table once", () => {
    assert.deepEqual(
      LISTED.filter((code, index) => LISTED.findIndex((other) => other.toLowerCase() === code.toLowerCase()) !== index),
      [],
    );
  });

  it("that speaks of a role names no other fault, and a fault that no role mends names no role", () => {
    const naming = LISTED.filter((code) =>
      told(403, { code, message: "No." }).message.includes("`keyless-csi roles` prints"),
    );
    assert.deepEqual(naming, ["AuthorizationFailed", "LinkedAuthorizationFailed", "AuthorizationPermissionMismatch"]);
  });

  it("is found whatever its case and the status are", () => {
    for (const status of [400, 403, 404, 409]) {
      const { reason, message } = told(status, { code: "readonlydisabledsubscription", message: "No." });
      assert.equal(reason, "Misconfigured");
      assert.match(message, /the subscription's owner must make it active again/);
    }
  });

  for (const [code, reason, remedy] of [
    ["KeyVaultEncryptionKeyNotFound", "Misconfigured", /the owner of the key vault must restore it/],
    ["NetworkSecurityPerimeterTrafficDenied", "Misconfigured", /the owner of the network security perimeter/],
    ["StorageAccountsQuotaReached", "QuotaExhausted", /raise the limit in Azure/],
    ["SubscriptionRoleAssignmentLimitReached", "QuotaExhausted", /raise the limit in Azure/],
  ] as const) {
    it(`${code}, of which there are many, is known by its form`, () => {
      const answer = told(403, { code, message: "No." });
      assert.equal(answer.reason, reason);
      assert.match(answer.message, remedy);
    });
  }

  it("inside another one is what counts, where the outer one says nothing", () => {
    const details = [null, "x", { code: "SomethingNew" }, { code: "RequestDisallowedByAzure", message: "Region." }];
    const { reason, message } = told(409, { code: "Conflict", message: "See details.", details });
    assert.equal(reason, "Misconfigured");
    assert.match(message, /RequestDisallowedByAzure, HTTP 409\): See details; no role/);
    assert.equal(told(500, { code: "InternalServerError", message: "No.", details }).reason, "Unavailable");
  });

  it("in the words of the SDK's poller counts too", () => {
    const error = new Error(
      "The long-running operation has failed. MaxStorageAccountsCountPerSubscriptionExceeded. 250 of 250.",
    );
    const { reason, message } = toDriverError(error, CREATING);
    assert.equal(reason, "QuotaExhausted");
    assert.match(message, /: 250 of 250; raise the limit/);
  });
});

describe("a code that is in no list", () => {
  it("is not the class's fault: Azure's words stay, with a remedy that blames nobody", () => {
    const { reason, message } = told(400, { code: "SomethingNew", message: "The value 'x' of 'y' is wrong." });
    assert.equal(reason, "Misconfigured");
    assert.match(
      message,
      /\(SomethingNew, HTTP 400\): The value 'x' of 'y' is wrong; Azure's words say what it does not accept/,
    );
    assert.doesNotMatch(message, /correct the class/);
  });

  it("is a missing role only unless Azure's words say otherwise", () => {
    const { reason, message } = told(403, { code: "SomethingNew", message: "Not today." });
    assert.equal(reason, "Forbidden");
    assert.match(
      message,
      /Not today; unless Azure's words name another cause, give the controller's identity the roles/,
    );
  });

  it("is tried again where a later attempt may find it otherwise", () => {
    for (const [status, reason] of [
      [404, "Unavailable"],
      [409, "Busy"],
      [412, "Busy"],
      [500, "Unavailable"],
    ] as const) {
      const answer = told(status, { code: "SomethingNew", message: "Later." });
      assert.equal(answer.reason, reason);
      assert.match(answer.message, /Later; it is tried again$/);
    }
  });

  it("gives the same message in every answer, whatever ids and times Azure adds", () => {
    const messages = ["8a0fcb1e-001e-0042-1234-abcdef000000", "7b1fcb1e-001e-0042-1234-abcdef000001"].map(
      (id, index) => {
        const message = `The server is busy.\nRequestId:${id}\nTime:2026-11-27T01:0${index}:00.1234567Z`;
        return told(400, { code: "SomethingNew", message }).message;
      },
    );
    assert.equal(messages[0], messages[1]);
    assert.match(messages[0] ?? "", /: The server is busy; /);
  });
});

describe("a deny assignment", () => {
  it("of a managed application is reported as such, with its name, its id, its scope and who can change it", () => {
    const application = `${SUBSCRIPTION}/resourceGroups/apps/providers/Microsoft.Solutions/applications/datalake`;
    const name = `System deny assignment created by managed application ${application}`;
    const { reason, words } = told(
      403,
      denyAssignment(WRITE, ACCOUNT, `with name '${name}' and Id '4e1d5354' at scope '${GROUP}'`),
    );
    assert.equal(reason, "Misconfigured");
    assert(
      words.includes(
        `deny assignment "${name}" (id 4e1d5354) at …/resourceGroups/rg-platform-storage-weu denies ${WRITE}`,
      ),
      words,
    );
    assert.match(words, /no role helps: .* The publisher of the managed application that made it must exclude/);
    assert.doesNotMatch(words, /keyless-csi roles/);
  });

  it("of a deployment stack, whose name has quotes in it, is reported in full, and nothing impossible is advised at a deletion", () => {
    const name = `Deny assignment '55ebfe82' created by Deployment Stack '${SUBSCRIPTION}/providers/Microsoft.Resources/deploymentStacks/lz'`;
    const action = "Microsoft.Storage/storageAccounts/blobServices/containers/delete";
    const { reason, words } = told(403, denyAssignment(action, CONTAINER, `with name '${name}.'`), DELETING);
    assert.equal(reason, "Misconfigured");
    assert(words.includes(`deny assignment "${name}" denies ${action}; no role helps`), words);
    assert.match(words, /The owner of the deployment stack that made it must exclude the controller's identity$/);
  });

  it("of a cluster's node resource group, and one that has an id alone, are reported too", () => {
    const aks = "kubernetes.azure.com/x/y: node resource group deny assignment created by Azure Kubernetes Services";
    const { words } = told(403, denyAssignment(WRITE, ACCOUNT, `with name '${aks}' and Id '1111' at scope '${GROUP}'`));
    assert.match(words, /The owner of the cluster whose node resource group it protects must exclude/);
    const bare = told(403, denyAssignment(WRITE, ACCOUNT, "with Id '4e1d5354'"));
    assert.match(bare.words, /deny assignment "4e1d5354" denies Microsoft/);
    assert.match(bare.words, /Its owner \(a managed application, a deployment stack,/);
  });

  it("at a linked scope is no missing role either", () => {
    const message =
      `The client 'x' with object id '${PRINCIPAL}' has permission to perform action '${WRITE}' on scope '${ACCOUNT}'; however, it does not ` +
      "have permission to perform action 'Microsoft.Network/join/action' on the '0' linked scope(s) '' and is blocked by deny " +
      `assignments on the '1' linked scope(s) '${GROUP}/providers/Microsoft.Network/virtualNetworks/hub'.`;
    const { reason, words } = told(403, { code: "LinkedAuthorizationFailed", message });
    assert.equal(reason, "Misconfigured");
    assert.match(words, /virtualNetworks\/hub'; no role helps/);
  });

  it("in words that nobody knows keeps Azure's own", () => {
    const { reason, words } = told(403, { code: "DenyAssignmentAuthorizationFailed", message: "Denied by 'z'." });
    assert.equal(reason, "Misconfigured");
    assert.match(words, /: Denied by 'z'; no role helps/);
  });
});

describe("a lock", () => {
  it("is reported by the scope that is locked, at the end of a long answer too", () => {
    const { reason, words } = told(409, scopeLocked(CONTAINER, "delete", GROUP), DELETING);
    assert.equal(reason, "InUse");
    assert(
      words.includes("a lock at …/resourceGroups/rg-platform-storage-weu does not allow delete operations"),
      words,
    );
    assert.match(words, /the lock's holder must release it, an Owner or User Access Administrator at that scope/);
    assert.doesNotMatch(words, /resource group$/);
  });

  it("that forbids writes is ReadOnly, and is reported by its name, where Azure gives its id", () => {
    const lock = `${SUBSCRIPTION}/providers/Microsoft.Authorization/locks/freeze-2026`;
    const { words } = told(409, scopeLocked(ACCOUNT, "write", lock));
    assert(
      words.includes(`lock "freeze-2026" of level ReadOnly at ${SUBSCRIPTION} does not allow write operations`),
      words,
    );
    assert.match(words, /, or use another resource group$/);
  });

  it("among many: three are named, and how many more there are", () => {
    const locked = ["a", "b", "c", "d", "e"].map(
      (name) => `${GROUP}/providers/Microsoft.Network/virtualNetworks/${name}`,
    );
    const { words } = told(409, scopeLocked(GROUP, "delete", ...locked), "deleting x");
    assert.match(words, /virtualNetworks\/a, a lock at .*\/b, a lock at .*\/c and 2 more does not allow delete/);
  });
});

describe("what Azure lists in another order", () => {
  it("of locks, makes the same message", () => {
    const locked = ["a", "b", "c", "d"].map((name) => `${GROUP}/providers/Microsoft.Network/virtualNetworks/${name}`);
    const messages = [locked, locked.toReversed()].map((scopes) => told(409, scopeLocked(GROUP, "delete", ...scopes)));
    assert.equal(messages[0]?.words, messages[1]?.words);
  });

  it("of policies, makes the same message", () => {
    const info = (name: string) => ({
      type: "PolicyViolation",
      info: { policyAssignmentName: name, policyDefinitionName: `${name}-definition` },
    });
    const four = ["a", "b", "c", "d"].map(info);
    const messages = [four, four.toReversed()].map((additionalInfo) =>
      told(403, { code: "RequestDisallowedByPolicy", message: "No.", additionalInfo }),
    );
    assert.match(messages[0]?.words ?? "", /"a-definition"/);
    assert.equal(messages[0]?.words, messages[1]?.words);
  });
});

describe("a provider that is not registered", () => {
  it("is named in the command that registers it", () => {
    const message = "The subscription is not registered to use namespace 'Microsoft.ManagedIdentity'. See ...";
    const { words } = told(409, { code: "MissingSubscriptionRegistration", message });
    assert.match(words, /; `az provider register -n Microsoft\.ManagedIdentity` in that subscription$/);
  });
});

describe("a missing right", () => {
  it("is reported with the action, the scope and who lacks it", () => {
    const { reason, words } = told(403, missingRight(WRITE, ACCOUNT));
    assert.equal(reason, "Forbidden");
    assert(
      words.includes(`object id ${PRINCIPAL} may not perform action '${WRITE}' at ${ACCOUNT}, or the scope is invalid`),
      words,
    );
    assert.match(words, /give the controller's identity the roles .* prints; role definitions/);
  });

  it("to assign roles may be a condition, which is reported", () => {
    const scope = `${CONTAINER}/providers/Microsoft.Authorization/roleAssignments/9f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0`;
    const lack = "authorization or an ABAC condition not fulfilled";
    const { words } = told(403, missingRight("Microsoft.Authorization/roleAssignments/write", scope, lack), ASSIGNING);
    assert(
      words.includes(
        `object id ${PRINCIPAL} may not perform action 'Microsoft.Authorization/roleAssignments/write' at …/containers/pvc-`,
      ),
      words,
    );
    assert.match(words, /, or a condition is not fulfilled; give/);
    assert.match(words, /their condition names other roles or principals \(--role, --principals\); role definitions/);
  });
});

describe("what is refused for another reason than a role", () => {
  it("Microsoft's limit of regions names location and subscription", () => {
    const { reason, words } = told(403, DISALLOWED_BY_AZURE);
    assert.equal(reason, "Misconfigured");
    assert.match(
      words,
      /no role and no policy changes that: .* Use another location .* another subscription, or ask Azure support/,
    );
    assert.match(words, /best available regions/);
  });

  it("a token of another tenant names both tenants and the settings", () => {
    const { reason, words } = told(401, OTHER_TENANT);
    assert.equal(reason, "Unauthenticated");
    assert.match(
      words,
      /72f988bf.*0c1d2e3f.*Correct --tenant-id, or give the subscription's tenant in --storage-tenants$/,
    );
  });

  it("a sign-in by several ways, of which none works, is not an outage, and keeps what the last one says", () => {
    const text =
      "ChainedTokenCredential authentication failed.\nCredentialUnavailableError: A.\nAuthenticationError: AADSTS90002: No.";
    const error = Object.assign(new Error(text), { name: "AggregateAuthenticationError" });
    const { reason, message } = toDriverError(error, "reading x");
    assert.equal(reason, "Unauthenticated");
    assert.match(
      message,
      /CredentialUnavailableError: A\. AuthenticationError: AADSTS90002: No; check .*--tenant-id or --cloud$/,
    );
  });

  for (const [number, remedy] of [
    ["700016", /correct the client id or --tenant-id$/],
    ["700213", /no federated credential with exactly this subject$/],
    ["90002", /correct --tenant-id or --cloud$/],
    ["999999", /check the controller's own credential$/],
  ] as const) {
    it(`Entra's AADSTS${number} has a remedy of its own`, () => {
      const id = "8a0fcb1e-001e-0042-1234-abcdef000000";
      const text = `AADSTS${number}: No. Trace ID: ${id} Correlation ID: ${id} Timestamp: 2026-11-27 01:00:00Z`;
      const error = Object.assign(new Error(text), { name: "AuthenticationError", statusCode: 400 });
      const { reason, message } = toDriverError(error, "reading x");
      assert.equal(reason, "Unauthenticated");
      assert.match(message, remedy);
      assert(message.includes(`AADSTS${number}: No; check`), message);
    });
  }
});
