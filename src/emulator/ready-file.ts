/** How clients find the emulator: one JSON file that appears when everything listens, and the files that it names. */
import { dirname, join, parse, resolve } from "node:path";
import { ADMINISTRATOR, CONTROLLER, identityResourceId, SEED, WORKLOADS } from "./seed/seed.ts";
import type { RequestLimits } from "./settings.ts";

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
  /** The limits that are enforced; absent: none. */
  readonly requestLimits?: RequestLimits;
  /** The instance metadata service, when it was asked for. */
  readonly imdsEndpoint?: string;
}

interface IdentityInfo {
  readonly name: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly resourceId: string;
}

export interface EmulatorFiles {
  readonly ready: string | undefined;
  readonly ca: string;
  readonly token: string;
}

/** Beside the ready file and named after it, or in the emulator's own directory when there is none. */
export function fileNames(readyFile: string | undefined, directory: string): EmulatorFiles {
  if (readyFile === undefined) {
    return { ready: undefined, ca: join(directory, "ca.pem"), token: join(directory, "controller-token") };
  }
  // Who reads the file may run in another folder.
  const stem = join(resolve(dirname(readyFile)), parse(readyFile).name);
  return { ready: readyFile, ca: `${stem}-ca.pem`, token: `${stem}-controller-token` };
}

interface Described {
  readonly url: string;
  readonly issuer: string;
  readonly secrets: { readonly admin: string; readonly administrator: string };
  readonly files: EmulatorFiles;
  readonly imdsUrl?: string | undefined;
  readonly limits?: RequestLimits | undefined;
}

export function describeEmulator({ url, issuer, secrets, files, imdsUrl, limits }: Described): EmulatorInfo {
  const { tenantId, subscriptionId, resourceGroup, location, clusterId } = SEED;
  return {
    armEndpoint: url,
    authorityHost: url,
    blobEndpoint: url,
    adminEndpoint: `${url}/_emulator`,
    adminSecret: secrets.admin,
    caFile: files.ca,
    tenantId,
    subscriptionId,
    resourceGroup,
    location,
    identities: WORKLOADS.map(({ name, clientId, principalId }) => {
      return { name, clientId, principalId, resourceId: identityResourceId(name) };
    }),
    controller: { clientId: CONTROLLER.clientId, tokenFile: files.token },
    administrator: { clientId: ADMINISTRATOR.clientId, clientSecret: secrets.administrator },
    clusterId,
    issuer,
    ...(limits === undefined ? {} : { requestLimits: limits }),
    ...(imdsUrl === undefined ? {} : { imdsEndpoint: imdsUrl }),
  };
}
