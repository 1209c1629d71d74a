/** The service versions (`x-ms-version`) that Blob supports, and what depends on them. */

/** Versions as the REST reference (Versioning for Azure Storage) and the official specifications list them. */
const KNOWN: ReadonlySet<string> = new Set(
  `2009-07-17 2009-09-19 2011-08-18 2012-02-12 2013-08-15 2014-02-14 2015-02-21 2015-04-05 2015-07-08 2015-12-11
   2016-05-31 2017-04-17 2017-07-29 2017-11-09 2018-03-28 2018-06-17 2018-11-09 2019-02-02 2019-07-07 2019-10-10
   2019-12-12 2020-02-10 2020-04-08 2020-06-12 2020-08-04 2020-10-02 2020-12-06 2021-02-12 2021-04-10 2021-06-08
   2021-08-06 2021-10-04 2021-12-02 2022-11-02 2023-01-03 2023-05-03 2023-08-03 2023-11-03 2024-02-04 2024-05-04
   2024-08-04 2024-11-04 2025-01-05 2025-05-05 2025-07-05 2025-11-05 2026-02-06 2026-04-06 2026-06-06 2026-10-06
   2026-12-06 2027-03-07`.split(/\s+/),
);

/** First version that reads from a byte to the end, `bytes=a-` ("Specifying the range header"). */
export const FIRST_OPEN_RANGE_VERSION = "2011-08-18";
/** First version that accepts a bearer token ("Authorize with Microsoft Entra ID"). */
export const FIRST_OAUTH_VERSION = "2017-11-09";
/** First version that answers an unauthenticated call with a bearer challenge (401) instead of 403 or 404. */
export const FIRST_CHALLENGE_VERSION = "2019-12-12";
/**
 * First version with `include=permissions`, and with the properties of directories in delimited lists ("List Blobs").
 */
export const FIRST_PERMISSIONS_VERSION = "2020-06-12";
/** First version with `x-ms-resource-type`, and with `ResourceType` in lists. */
export const FIRST_RESOURCE_TYPE_VERSION = "2020-10-02";
/** First version with `x-ms-acl` on the Blob endpoint ("Get Blob Properties"). */
export const FIRST_ACL_VERSION = "2023-11-03";
/** What an authorised call without `x-ms-version` gets when the account has no DefaultServiceVersion of its own. */
export const OLDEST_DEFAULT_VERSION = "2009-09-19";

export function isKnownVersion(version: string): boolean {
  return KNOWN.has(version);
}

const MEBIBYTE = 1024 * 1024;

/** Longest body of Put Blob, in bytes ("Scalability targets: maximum size of a blob via Put Blob"). */
export function putBlobLimit(version: string): number {
  if (version >= "2019-12-12") return 5000 * MEBIBYTE;
  return version >= "2016-05-31" ? 256 * MEBIBYTE : 64 * MEBIBYTE;
}

/** Longest body of Put Block, in bytes. */
export function putBlockLimit(version: string): number {
  if (version >= "2019-12-12") return 4000 * MEBIBYTE;
  return version >= "2016-05-31" ? 100 * MEBIBYTE : 4 * MEBIBYTE;
}

/** Longest body of Append Block, in bytes. */
export function appendBlockLimit(version: string): number {
  return version >= "2022-11-02" ? 100 * MEBIBYTE : 4 * MEBIBYTE;
}
