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

/** Starts an emulator; the suite signs in as its administrator, an Owner without any data right. */
export async function startEmulatedCloud(settings: Partial<EmulatorSettings> = {}): Promise<EmulatedCloud> {
  const emulator = await startEmulator({ settings });
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
  return { ...cloud, emulator, close };
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
