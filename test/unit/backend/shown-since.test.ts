// Since when ARM shows what is checked on an account: every property that is read has an entry.
import assert from "node:assert/strict";
import type { StorageAccount } from "@azure/arm-storage";
import { nonEntraAccessOf, weaknessesOf } from "../../../src/backend/blob/non-entra-access.ts";
import { SHOWN_SINCE, unseenWith } from "../../../src/backend/blob/shown-since.ts";

describe("the properties that are checked on an account", () => {
  it("all have the api-version that shows them first, and no other has one", () => {
    const read = new Set<string | symbol>();
    const account = new Proxy({} as StorageAccount, {
      get(_, property) {
        read.add(property);
        return undefined;
      },
    });
    nonEntraAccessOf(account);
    weaknessesOf(account);
    assert.deepEqual([...read].sort(), Object.keys(SHOWN_SINCE).sort());
  });

  it("are unseen with a version before that", () => {
    assert.deepEqual(unseenWith("2025-08-01"), []);
    assert.deepEqual(unseenWith("2025-06-01"), ["allowSharedKeyAccessForServices"]);
    assert.deepEqual(unseenWith("2021-08-01"), ["allowSharedKeyAccessForServices"]);
  });
});
