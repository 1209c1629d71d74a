/** What an operator should know of a configuration that is valid: said in the log at each start. */
import { unseenWith } from "../backend/blob/shown-since.ts";
import type { ControllerConfig } from "../config/controller.ts";
import { PLUGIN_AUDIENCE } from "../text/token-audience.ts";
import { usesKubernetes } from "./adapters.ts";

/** One line each. */
export function startWarnings(config: ControllerConfig): string[] {
  const { cloud, tokenAudience } = config;
  const unseen = unseenWith(cloud.storageApiVersion);
  return [
    ...(unseen.length === 0
      ? []
      : [
          `api-version ${cloud.storageApiVersion} of Microsoft.Storage (--storage-api-version) does not show ` +
            `${unseen.join(", ")} of an account: what somebody turns on by it is not found`,
        ]),
    ...(tokenAudience === PLUGIN_AUDIENCE
      ? []
      : [
          `--token-audience is ${tokenAudience}: the OSS blob node plugin reads only tokens for ${PLUGIN_AUDIENCE}, so that it ` +
            "can mount no volume of these identities",
        ]),
    ...(config.prewarms && !usesKubernetes(config)
      ? ["--prewarm has no effect without Kubernetes, which has the StorageClasses: no account is made ahead"]
      : []),
    ...(config.orphans.checkMs > 0 && !usesKubernetes(config)
      ? ["--orphan-check-interval has no effect without Kubernetes, which alone knows what is still needed"]
      : []),
  ];
}
