/** Trust in a custom cloud's certificate authority, for every connection of this process. */
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { Cloud } from "../config/cloud.ts";

/** In addition to the system's authorities. For the whole process, since the Azure SDKs have no setting for it. */
export function trustCloud({ caFile }: Pick<Cloud, "caFile">): void {
  if (caFile === undefined) return;
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(caFile, "utf8")]);
}
