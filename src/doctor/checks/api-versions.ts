/** Whether Azure's resource providers can be used, in the api-versions that the controller sends. */
import { newestOlder } from "../../text/azure-api-versions.ts";
import { allowedSubscriptions } from "../../volume/settings.ts";
import { type Check, error, heaviest, type Outcome, ok, unchecked, warning } from "../check.ts";
import type { DoctorContext, SentApiVersion } from "../ports.ts";

const STORAGE = "Microsoft.Storage";

const registration: Check = {
  id: "resource-provider",
  category: "azure",
  title: "the subscriptions are registered with Microsoft.Storage",
  why: "Azure creates nothing of a resource provider that a subscription is not registered with. A new subscription is with few.",
  needs: ["subscription"],
  async run(context) {
    const ids = allowedSubscriptions(context.settings);
    return heaviest(await Promise.all(ids.map((id) => lookAtRegistration(context, id))), ok("none"));
  },
};

async function lookAtRegistration({ azure }: DoctorContext, id: string): Promise<Outcome> {
  const { registration: state } = await azure.providerState(id, STORAGE);
  if (state === undefined) {
    const fix = "apply what `keyless-csi roles --with usage` prints";
    return unchecked(`whether subscription ${id} is registered with ${STORAGE} is hidden`, fix);
  }
  if (/^registered$/i.test(state)) return ok(id);
  const fix = `az provider register --namespace ${STORAGE} --subscription ${id}`;
  return /^registering$/i.test(state)
    ? warning(`subscription ${id} is being registered with ${STORAGE}`, "wait some minutes")
    : error(`subscription ${id} is not registered with ${STORAGE} (${state})`, fix);
}

const apiVersions: Check = {
  id: "api-versions",
  category: "azure",
  title: "the cloud knows the api-versions that the controller sends",
  why:
    "Clouds other than the public one know an api-version months later. The controller then sends an older one, with which accounts do not " +
    "show what a newer one can turn on, so that an account that is no longer keyless may be taken for one that is.",
  needs: ["resource-provider"],
  async run(context) {
    const ids = allowedSubscriptions(context.settings);
    const looks = ids.flatMap((id) => context.apiVersions.map((sent) => lookAtVersion(context, id, sent)));
    return heaviest(await Promise.all(looks), ok("none"));
  },
};

async function lookAtVersion(context: DoctorContext, id: string, asked: SentApiVersion): Promise<Outcome> {
  const { provider, type, sent, older } = asked;
  const what = `${provider}/${type}`;
  const known = (await context.azure.providerState(id, provider)).versions.get(type.toLowerCase()) ?? [];
  if (known.length === 0) return unchecked(`the cloud states no api-version of ${what}`);
  if (known.includes(sent)) return ok(`${sent} of ${what}`);
  const used = newestOlder(sent, older, known);
  if (used === undefined) {
    return error(
      `the cloud does not know api-version ${sent} of ${what}, and no older one that the controller works with`,
      "this cloud is older than the controller supports",
    );
  }
  const hidden = asked.hiddenBy(used);
  const loss = hidden.length === 0 ? "" : `; with it accounts do not show ${hidden.join(", ")}`;
  return warning(
    `the cloud does not know api-version ${sent} of ${what}, and ${used} is sent instead${loss}`,
    provider === STORAGE
      ? `set --storage-api-version ${used}, which says the same without a refusal at each start`
      : "nothing has to be done",
  );
}

export const VERSION_CHECKS: readonly Check[] = [registration, apiVersions];
