// The SDK reference: the three requests of a warm volume through ARM, sent by the Azure SDKs as the controller's own adapter
// builds them, and nothing else. Beside the bare requests it shows what the SDKs cost.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createApiVersions } from "../../../src/azure/api-versions.ts";
import { createArm } from "../../../src/azure/arm.ts";
import { GROUP, SUBSCRIPTION } from "../stand-in/azure.ts";
import { assignmentOf, metadataOf, uuid } from "./plans.ts";
import { serve } from "./serve.ts";

const [socketPath = "", cloudFile = ""] = process.argv.slice(2);
const { armEndpoint } = JSON.parse(readFileSync(cloudFile, "utf8")) as { readonly armEndpoint: string };
setDefaultCACertificates([
  ...getCACertificates("default"),
  readFileSync(cloudFile.replace(/cloud\.json$/, "ca.pem"), "utf8"),
]);

const arm = createArm({
  credentialFor: () => ({ getToken: async () => ({ token: "bench", expiresOnTimestamp: Date.now() + 3_600_000 }) }),
  endpoint: armEndpoint,
  scope: "bench/.default",
  apiVersions: createApiVersions({ storage: "2025-08-01", fellBack: () => undefined }),
  observeCall: () => undefined,
  forgetTokens: () => undefined,
  now: () => performance.now(),
  sleep: (milliseconds) => sleep(milliseconds),
});
const { storage, authorization } = arm.subscription(SUBSCRIPTION);
const ACCOUNT = "sdk";

serve(socketPath, async ({ kind, name }) => {
  if (kind === "delete") return;
  const absent = await storage.blobContainers.get(GROUP, ACCOUNT, name).catch((error: Error) => error);
  if (!(absent instanceof Error)) throw new Error(`container ${name} exists already`);
  const { id } = await storage.blobContainers.create(GROUP, ACCOUNT, name, { metadata: { ...metadataOf(name) } });
  await authorization.roleAssignments.create(id?.replace(/^\//, "") ?? "", uuid(name), assignmentOf(name));
});
