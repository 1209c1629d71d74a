/** Everything behind the emulator's sockets: world, services, admin, and the two dispatchers in front of them. */
import { randomBytes } from "node:crypto";
import { createAdminService } from "./admin/service.ts";
import { toStateView } from "./admin/state-view.ts";
import { createArmService } from "./arm/service.ts";
import { createAuthorization } from "./authorization/authorization.ts";
import { createBlobService } from "./blob/service.ts";
import { type CallLog, createCallLog } from "./call-log.ts";
import { type Clock, createClock } from "./clock.ts";
import { createDfsService } from "./dfs/service.ts";
import { newClientSecret } from "./entra/client-secret.ts";
import { createIssuerKeys } from "./entra/issuer-keys.ts";
import { createEntraService } from "./entra/service.ts";
import { createSigningKey, loadSigningKey, type SigningKey, saveSigningKey } from "./entra/signing-key.ts";
import { createTokenVerifier } from "./entra/tokens.ts";
import { createFaults, type Faults } from "./faults/faults.ts";
import type { KnownOperations } from "./faults/known-operations.ts";
import { createGraphService } from "./graph/service.ts";
import type { Service } from "./http/call.ts";
import { createDispatch, type Dispatch } from "./http/dispatch.ts";
import { createRouter, type RoutedCall, type RoutedServices } from "./http/router.ts";
import { createImdsService } from "./imds/service.ts";
import { createServiceAccountIssuer, type ServiceAccountIssuer } from "./issuer/service.ts";
import { createLatencies } from "./latency.ts";
import { ADMINISTRATOR, seedWorld } from "./seed/seed.ts";
import type { Services } from "./services.ts";
import type { EmulatorSettings } from "./settings.ts";
import { moveIssuer, type Snapshot } from "./snapshot.ts";
import { createBlobStore } from "./storage/store/store.ts";
import { createWorld } from "./world.ts";

/** What the services are built from. */
interface Ground {
  /** The emulator's own address, without a trailing slash. */
  readonly url: string;
  readonly blobFolder: string;
  /** PEM certificates to trust when issuers' keys are fetched. */
  readonly authorities: readonly string[];
  /** Issuer of a cluster's ServiceAccount tokens, which the seeded identities trust besides the built-in one. */
  readonly clusterIssuer?: string | undefined;
  readonly settings: EmulatorSettings;
  readonly snapshot: Snapshot | undefined;
}

export interface Assembly {
  readonly services: Services;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly issuer: ServiceAccountIssuer;
  readonly secrets: { readonly admin: string; readonly administrator: string };
  /** For the HTTPS listeners. */
  readonly dispatch: Dispatch;
  /** For the instance metadata service's listener. */
  readonly dispatchImds: Dispatch;
  /** Calls `react` each time the clock is moved. */
  onClockMoved(react: () => void): void;
  snapshot(): Snapshot;
}

export async function assemble(ground: Ground): Promise<Assembly> {
  const { url, settings, snapshot } = ground;
  const [key, issuerKey] = await signingKeys(snapshot);
  const { clock, onClockMoved } = createMovedClock(snapshot);
  const issuer = createServiceAccountIssuer(`${url}/_oidc`, issuerKey, clock);
  const { world, administratorSecret } = takeWorld(ground, issuer.issuer);
  const calls = createCallLog();
  const faults = createFaults(() => operations);
  const services: Services = {
    world,
    clock,
    settings,
    tokens: createTokenVerifier(key, clock),
    authorization: createAuthorization(world, clock),
    blobs: createBlobStore(ground.blobFolder, snapshot?.blobs),
    alarm: calls.alarm,
  };
  const secrets = { admin: randomBytes(24).toString("hex"), administrator: administratorSecret };
  const operations: Record<string, readonly string[]> = {};
  const routed = routedServices({ ground, services, key, issuer, calls, faults, operations, secret: secrets.admin });
  const route = createRouter(routed);
  const imds = createImdsService({ ...services, key });
  const { admin: _, ...faulted } = routed;
  for (const [name, service] of Object.entries({ ...faulted, imds })) operations[name] = distinct(service.operations);
  const saved = (): Snapshot => {
    const keys = { entra: saveSigningKey(key), issuer: saveSigningKey(issuerKey) };
    const clockOffsetMs = clock.now() - Date.now();
    return { world, blobs: services.blobs.save(), issuer: issuer.issuer, clockOffsetMs, keys };
  };
  const dispatching = { faults, calls, clock, nextLatency: createLatencies(settings.callLatency) };
  const dispatch = createDispatch({ ...dispatching, route });
  const dispatchImds = createDispatch({ ...dispatching, route: onlyImds(imds) });
  return { services, calls, faults, issuer, secrets, onClockMoved, dispatch, dispatchImds, snapshot: saved };
}

interface Foundations {
  readonly ground: Ground;
  readonly services: Services;
  readonly key: SigningKey;
  readonly issuer: ServiceAccountIssuer;
  readonly calls: CallLog;
  readonly faults: Faults;
  /** Those of each service that can be faulted; complete once all services exist. */
  readonly operations: KnownOperations;
  /** For the admin endpoint. */
  readonly secret: string;
}

/** The services that share the HTTPS listeners. */
function routedServices({ ground, services, key, issuer, ...admin }: Foundations): RoutedServices {
  const { world, clock, settings } = services;
  const { federationMs } = settings;
  const issuerKeys = createIssuerKeys(ground.authorities);
  const state = () => toStateView(world, services.blobs);
  return {
    arm: createArmService(services),
    blob: createBlobService(services),
    dfs: createDfsService(services),
    entra: createEntraService({ world, clock, key, settings, federationMs, issuerKeys }),
    graph: createGraphService(services),
    issuer: issuer.service,
    admin: createAdminService({
      ...admin,
      clock,
      issuer,
      state,
      policies: world.policies,
      variants: settings,
    }),
  };
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function signingKeys(snapshot: Snapshot | undefined): Promise<[SigningKey, SigningKey]> {
  if (snapshot === undefined) return Promise.all([createSigningKey(), createSigningKey()]);
  return Promise.resolve([loadSigningKey(snapshot.keys.entra), loadSigningKey(snapshot.keys.issuer)]);
}

function createMovedClock(snapshot: Snapshot | undefined): { clock: Clock; onClockMoved(react: () => void): void } {
  const reactions = new Set<() => void>();
  const clock = createClock(() => {
    for (const react of reactions) react();
  });
  clock.advance(snapshot?.clockOffsetMs ?? 0);
  return { clock, onClockMoved: (react) => void reactions.add(react) };
}

/** The saved world, adjusted to this run's address, or a newly seeded one. */
function takeWorld({ snapshot, clusterIssuer }: Ground, issuer: string) {
  if (snapshot === undefined) {
    const world = createWorld();
    const administratorSecret = newClientSecret();
    seedWorld(world, { issuer, clusterIssuer, administratorSecret });
    return { world, administratorSecret };
  }
  moveIssuer(snapshot.world, snapshot.issuer, issuer);
  const administratorSecret = snapshot.world.principals.get(ADMINISTRATOR.principalId)?.clientSecret ?? "";
  return { world: snapshot.world, administratorSecret };
}

function onlyImds(service: Service): (call: Parameters<Service>[0]) => RoutedCall {
  return (call) => ({ service: "imds", operation: service.operationOf?.(call), run: () => service(call) });
}
