/** Settings as they are in effect, each with where it stands: those of this command, and those of the controller's own file. */
import type { ControllerConfig } from "../../config/controller.ts";
import { controllerSettings } from "../../config/controller-settings.ts";
import { toDefault } from "../../config/help.ts";
import type { GivenSettings } from "../../config/load.ts";
import { toLine } from "../../config/problem.ts";
import { readSettingsText } from "../../config/sources.ts";
import { FILE, type MountedFile } from "../../kubernetes/inspection/config-maps.ts";

interface EffectiveSetting {
  readonly setting: string;
  readonly value: string;
  /** `--location`, `KEYLESS_CSI_LOCATION`, `config.yaml: location`, or `default`. */
  readonly source: string;
}

/** Every setting of the controller, and what follows from them. */
export function toEffective(given: GivenSettings, config: ControllerConfig) {
  const { cloud, clusterId, credential, driverName, location, nodeDriver, resourceGroup, subscriptionId, tenantId } =
    config;
  const { armEndpoint, authorityHost } = cloud;
  return {
    settings: Object.entries(controllerSettings).map(([flag, row]): EffectiveSetting => {
      const found = given.get(flag);
      return toSetting(flag, found ?? { source: "default", texts: [toDefault(row).replace(/^default: /, "")] });
    }),
    derived: {
      ...{ armEndpoint, authorityHost, clusterId, driverName, location, nodeDriver, resourceGroup, subscriptionId },
      tenantId,
      credential: credential.kind,
    },
  };
}

function toSetting(flag: string, { source, texts }: { readonly source: string; readonly texts: readonly string[] }) {
  return { setting: flag, value: texts.join(", "), source };
}

/** Only what is a setting: another entry is named without its value, which may be a secret. */
export function toMounted({ of, text }: MountedFile) {
  if ("why" in text) return { configMap: of, notRead: text.why };
  if (text.value === undefined) return { configMap: of, notRead: `it has no ${FILE}` };
  const broken = (problem: string) => ({ given: new Map(), problems: [{ setting: "config", source: FILE, problem }] });
  const { given, problems } = readSettingsText(controllerSettings, text.value, FILE, broken);
  return {
    configMap: of,
    settings: [...given].map(([flag, found]) => toSetting(flag, found)),
    problems: problems.map(toLine),
  };
}
