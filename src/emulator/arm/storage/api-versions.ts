/**
 * The api-versions of Microsoft.Storage that the official specifications (Azure/azure-rest-api-specs) list as stable,
 * oldest first. A call with another one is refused with the list in the message, as Azure does.
 */

/** With accounts, and without containers in ARM. */
export const FIRST_VERSIONS = ["2015-06-15", "2016-01-01", "2016-05-01", "2016-12-01", "2017-06-01", "2017-10-01"];

/** With containers in ARM. */
export const VERSIONS_WITH_CONTAINERS = [
  "2018-02-01",
  "2018-07-01",
  "2018-11-01",
  "2019-04-01",
  "2019-06-01",
  "2021-01-01",
  "2021-02-01",
  "2021-04-01",
  "2021-05-01",
  "2021-06-01",
  "2021-08-01",
  "2021-09-01",
  "2022-05-01",
  "2022-09-01",
  "2023-01-01",
  "2023-04-01",
  "2023-05-01",
  "2024-01-01",
  "2025-01-01",
  "2025-06-01",
  "2025-08-01",
  "2026-04-01",
  "2026-06-01",
  "2026-09-01",
];
