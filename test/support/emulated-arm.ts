// The adapters' connection to ARM, against the emulator, by a clock that the test moves: for what is remembered, and for waits.
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createApiVersions } from "../../src/azure/api-versions.ts";
import { type Arm, type ArmOptions, createArm } from "../../src/azure/arm.ts";
import { createCredential } from "../../src/azure/credential.ts";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";

export interface EmulatedArm {
  readonly emulator: Emulator;
  readonly arm: Arm;
  /** Milliseconds; sleeping moves it on. */
  readonly clock: { ms: number };
  readonly now: () => number;
  /** Another connection, by the same clock. */
  connect(options?: Partial<ArmOptions>): Arm;
  /** The paths of the calls to ARM that were answered so far, as in `GET /subscriptions/...`. */
  calls(): string[];
  stop(): Promise<void>;
}

/** Signs in as the controller does. */
export async function startEmulatedArm(options: Partial<ArmOptions> = {}): Promise<EmulatedArm> {
  const emulator = await startEmulator();
  setDefaultCACertificates([...getCACertificates("default"), emulator.ca]);
  const clock = { ms: 1_000_000 };
  const now = () => clock.ms;
  const { authorityHost, tenantId, controller, armEndpoint } = emulator.info;
  const credential = createCredential(
    { kind: "workload-identity", authorityHost, isPublicAuthority: false, tenantId, ...controller },
    now,
  );
  const connect = (more: Partial<ArmOptions> = {}) =>
    createArm({
      credentialFor: () => credential,
      endpoint: armEndpoint,
      scope: "https://management.azure.com/.default",
      apiVersions: createApiVersions({ storage: "2025-08-01", fellBack() {} }),
      observeCall() {},
      forgetTokens() {},
      now,
      async sleep(milliseconds) {
        clock.ms += milliseconds;
      },
      ...options,
      ...more,
    });
  return {
    emulator,
    arm: connect(),
    clock,
    now,
    connect,
    calls: () =>
      emulator.calls
        .report()
        .calls.filter(({ service }) => service === "arm")
        .map(({ method, path }) => `${method} ${path}`),
    stop: () => emulator.close(),
  };
}
