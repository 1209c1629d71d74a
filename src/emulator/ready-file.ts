/** How the emulator tells its callers where it is: one JSON file that appears when everything listens. */
import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Everything that a client of the emulator needs to know. */
export interface EmulatorInfo {
  readonly armEndpoint: string;
  readonly authorityHost: string;
  /** Accounts are the first part of the path: `<blobEndpoint>/<account>/<container>/<blob>`. */
  readonly blobEndpoint: string;
  readonly adminEndpoint: string;
  /** To be sent to the admin endpoint in the header `x-emulator-secret`. */
  readonly adminSecret: string;
  /** PEM file of the authority that signed the emulator's certificate. */
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** For workloads; each trusts the ServiceAccount `demo/<name>` of the built-in issuer. */
  readonly identities: readonly IdentityInfo[];
  /** The controller's identity, and a file with its ServiceAccount token that is kept fresh. */
  readonly controller: { readonly clientId: string; readonly tokenFile: string };
  /** Owner of the subscription, for set-up by SDKs and CLIs that sign in with a secret. */
  readonly administrator: { readonly clientId: string; readonly clientSecret: string };
  readonly clusterId: string;
  /** The built-in ServiceAccount issuer. */
  readonly issuer: string;
  /** The instance metadata service, when it was asked for. */
  readonly imdsEndpoint?: string;
}

export interface IdentityInfo {
  readonly name: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly resourceId: string;
}

/** Writes a file so that a reader sees all of it or nothing, readable by its owner alone. */
export function writeWhole(path: string, content: string): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
