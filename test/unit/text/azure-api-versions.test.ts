// What a refusal of ARM says of api-versions, in words that were reported, and which one is tried next.
import assert from "node:assert/strict";
import { newestOlder, STORAGE_API_VERSIONS, supportedVersions } from "../../../src/text/azure-api-versions.ts";

describe("the api-versions in a refusal of ARM", () => {
  for (const [what, message, versions] of [
    [
      "of a type in a region (azure-powershell 14395)",
      "No registered resource provider found for location 'usgovvirginia' and API version '2021-01-01' for type 'storageAccounts'. " +
        "The supported api-versions are '2020-08-01-preview, 2019-06-01, 2019-04-01'. The supported locations are 'usgoviowa'.",
      ["2020-08-01-preview", "2019-06-01", "2019-04-01"],
    ],
    [
      "of a type (azure-powershell 2337)",
      "The resource type 'storageAccounts' could not be found in the namespace 'Microsoft.Storage' for api version '2016-01-01'. " +
        "The supported api-versions are '2015-06-15,2015-05-01-preview'.",
      ["2015-06-15", "2015-05-01-preview"],
    ],
    [
      "of ARM's own (AzureStorageExplorer 4292)",
      "The api-version '2020-06-01' is invalid. The supported versions are '2018-09-01,2018-08-01,2014-04'.",
      ["2018-09-01", "2018-08-01", "2014-04"],
    ],
    ["without a list", "The resource type could not be found in the namespace 'X' for api version '2015-07-01'.", []],
    ["with an empty list", "The supported api-versions are ''.", []],
  ] as const) {
    it(`are read from one ${what}`, () => assert.deepEqual(supportedVersions(message), versions));
  }

  it("lead to the newest that is known, listed in whatever order, and older than the one that was sent", () => {
    const next = (version: string, ...supported: string[]) => newestOlder(version, STORAGE_API_VERSIONS, supported);
    assert.equal(next("2025-08-01", "2021-09-01", "2025-06-01", "2023-01-01"), "2025-06-01");
    assert.equal(next("2025-08-01", "2026-04-01", "2024-01-01", "2025-06-01-preview"), "2024-01-01");
    assert.equal(next("2025-08-01", "2025-08-01", "2026-09-01"), undefined);
    assert.equal(next("2025-08-01", "2020-08-01-preview", "2019-06-01"), undefined, "not known to work");
    assert.equal(next("2025-08-01"), undefined);
  });
});
