// The messages on claims that have lost something: whole in an event, also with the longest names that Azure and Kubernetes allow.
import assert from "node:assert/strict";
import { blobBackend } from "../../../src/backend/blob/backend.ts";
import type { CertainLoss } from "../../../src/volume/drift/confirmation.ts";
import { warningOf } from "../../../src/volume/drift/volume-warnings.ts";
import { roleAssignmentName } from "../../../src/volume/names.ts";

const GUID = "0b6e1f0c-1111-4222-8333-444455556666";
const FILE_SYSTEM = {
  account: { subscriptionId: GUID, resourceGroup: "g".repeat(90), name: "a".repeat(24) },
  name: "c".repeat(50),
};
const SCOPE = blobBackend.scopeOf(FILE_SYSTEM);
const ASSIGNMENT = { name: roleAssignmentName(SCOPE, GUID, GUID), scope: SCOPE, principalId: GUID, roleId: GUID };
const LOSSES: Readonly<Record<string, CertainLoss>> = {
  "an account": { what: "account" },
  "a container": { what: "file system" },
  access: { what: "access", assignment: ASSIGNMENT, isByMetadata: false },
  "access, by metadata alone": { what: "access", assignment: ASSIGNMENT, isByMetadata: true },
  "access of nobody knows whom": { what: "access", assignment: undefined, isByMetadata: true },
};

describe("what a claim is warned of", () => {
  for (const [what, loss] of Object.entries(LOSSES)) {
    it(`fits into an event with the longest names: ${what}`, () => {
      const claim = { namespace: "n".repeat(63), name: "n".repeat(253), uid: GUID };
      const volume = { name: `pvc-${GUID}`, claim, fileSystem: FILE_SYSTEM, clientId: GUID };
      const { message } = warningOf(
        { backend: blobBackend },
        { volume, loss, sinceMs: Date.UTC(2026, 10, 27, 13, 5), isCertain: true },
      );
      assert.ok(message.length <= 1_000, `${message.length} characters: ${message}`);
      assert.match(message, /noticed at 2026-11-27T13:05Z/);
    });
  }
});
