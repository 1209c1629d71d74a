/** The files that tell of a seeded emulator: what the ready file says, and the controller's ServiceAccount token. */
import { dirname, join, parse } from "node:path";
import type { Clock } from "../clock.ts";
import { type EmulatorInfo, writeWhole } from "../ready-file.ts";
import { ADMINISTRATOR, CONTROLLER, identityResourceId, SEED, WORKLOADS } from "../seed/seed.ts";
import type { ServiceAccountIssuer } from "./service.ts";

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
  const stem = join(dirname(readyFile), parse(readyFile).name);
  return { ready: readyFile, ca: `${stem}-ca.pem`, token: `${stem}-controller-token` };
}

export interface Described {
  readonly url: string;
  readonly issuer: string;
  readonly secrets: { readonly admin: string; readonly administrator: string };
  readonly files: EmulatorFiles;
  readonly imdsUrl?: string | undefined;
}

export function describeEmulator({ url, issuer, secrets, files, imdsUrl }: Described): EmulatorInfo {
  const { tenantId, subscriptionId, resourceGroup, location, clusterId } = SEED;
  return {
    armEndpoint: url,
    authorityHost: url,
    blobEndpoint: url,
    adminEndpoint: `${url}/_emulator`,
    adminSecret: secrets.admin,
    caFile: files.ca,
    ...{ tenantId, subscriptionId, resourceGroup, location },
    identities: WORKLOADS.map(({ name, clientId, principalId }) => ({
      ...{ name, clientId, principalId, resourceId: identityResourceId(name) },
    })),
    controller: { clientId: CONTROLLER.clientId, tokenFile: files.token },
    administrator: { clientId: ADMINISTRATOR.clientId, clientSecret: secrets.administrator },
    clusterId,
    issuer,
    ...(imdsUrl === undefined ? {} : { imdsEndpoint: imdsUrl }),
  };
}

/** A projected token's life: an hour, renewed when four fifths are over, as the kubelet does. */
const LIFETIME_SECONDS = 3600;
const RENEW_AFTER_MS = LIFETIME_SECONDS * 1000 * 0.8;
const LOOK_MS = 30_000;

export interface FreshToken {
  /** Renews the token if it is due: to be called when the clock was moved. */
  refresh(): void;
  stop(): void;
}

/** Writes the controller's token to `path` and renews it, by rename, until stopped. Resolves when the first is there. */
export async function keepTokenFresh(path: string, issuer: ServiceAccountIssuer, clock: Clock): Promise<FreshToken> {
  let mintedAt = 0;
  let isStopped = false;
  const renew = async () => {
    mintedAt = clock.now();
    const token = await issuer.mint({ ...CONTROLLER.serviceAccount, lifetimeSeconds: LIFETIME_SECONDS });
    if (!isStopped) writeWhole(path, token);
  };
  const refresh = () => {
    if (Math.abs(clock.now() - mintedAt) >= RENEW_AFTER_MS) void renew();
  };
  await renew();
  const timer = setInterval(refresh, LOOK_MS).unref();
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  return { refresh, stop };
}
