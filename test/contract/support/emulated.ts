// The contract's cloud on the emulator, in this process.
import tls from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { type Emulator, startEmulator } from "../../../src/emulator/emulator.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import { type Cloud, connect } from "./cloud.ts";

export interface EmulatedCloud extends Cloud {
  readonly emulator: Emulator;
  close(): Promise<void>;
}

/** How long a check waits for Azure to replicate, by the emulator's clock, and how far that is moved at a time. */
const PATIENCE_MS = 10 * 60_000;
const STEP_MS = 5_000;

/**
 * Starts an emulator; the suite signs in as its administrator, an Owner without any data right. Where a check may wait, the
 * emulator's clock is moved: tokens are valid for a day, so that this does not end them.
 */
export async function startEmulatedCloud(settings: Partial<EmulatorSettings> = {}): Promise<EmulatedCloud> {
  // A write of a credential takes long enough for others to meet it, also on a busy machine.
  const own = { accessTokenSeconds: 86_400, federatedWriteMs: 200 };
  const emulator = await startEmulator({ settings: { ...own, ...settings } });
  const trusted = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...trusted, emulator.ca]);
  const { armEndpoint, authorityHost, tenantId, subscriptionId, resourceGroup, location } = emulator.info;
  const { clientId, clientSecret } = emulator.info.administrator;
  const options = { authorityHost, disableInstanceDiscovery: true };
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  const where = { armEndpoint, authorityHost, tenantId, subscriptionId, resourceGroup, location };
  const assertion = () => emulator.issuer.mint({ namespace: "contract", name: "reader" });
  const armScope = "https://management.azure.com/.default";
  const cloud = await connect({ kind: "emulator", ...where, armScope, credential, assertion });
  const close = async () => {
    tls.setDefaultCACertificates(trusted);
    await emulator.close();
  };
  const eventually = async (check: () => Promise<void>) => {
    for (let waited = 0; ; waited += STEP_MS) {
      try {
        return await check();
      } catch (error) {
        if (waited >= PATIENCE_MS) throw error;
        emulator.clock.advance(STEP_MS);
      }
    }
  };
  return { ...cloud, eventually, emulator, close };
}

/** Runs a check on an emulator of its own, with other settings or a clock that the check moves. */
export async function withEmulator(
  settings: Partial<EmulatorSettings>,
  check: (cloud: EmulatedCloud) => Promise<void>,
): Promise<void> {
  const cloud = await startEmulatedCloud(settings);
  try {
    await check(cloud);
  } finally {
    await cloud.close();
  }
}
