/** Whether Azure can be reached, and whether it knows the controller. */
import { type Check, error, ok, warning } from "../check.ts";

/** A clock that is further off than this is worth a look. */
const NOTICEABLE_MS = 60_000;
/** Entra accepts what is not older or younger than 5 minutes (its documentation, "clock skew"). */
const TOO_FAR_MS = 300_000;

const azureReach: Check = {
  id: "azure-reach",
  category: "sign-in",
  title: "Azure Resource Manager can be reached",
  why: "Every volume is made by calls to it. A proxy, a firewall, a NetworkPolicy or a DNS zone may stand in between.",
  async run({ azure }) {
    try {
      await azure.readClock();
    } catch (thrown) {
      const { message } = thrown as Error;
      return error(message, "let the controller's pod reach that address: DNS, firewall, proxy, NetworkPolicy");
    }
    return ok(azure.armEndpoint);
  },
};

const clock: Check = {
  id: "clock",
  category: "sign-in",
  title: "the clock agrees with Azure's",
  why: "Tokens are valid between two times. Where the clock is minutes off, sign-ins fail, or succeed and are refused later.",
  needs: ["azure-reach"],
  async run({ azure, now }) {
    const offMs = now() - (await azure.readClock());
    if (Number.isNaN(offMs)) return ok("Azure's answer states no time");
    const seconds = Math.round(Math.abs(offMs) / 1000);
    const found = `${seconds} s ${offMs < 0 ? "behind" : "ahead of"} Azure's`;
    const fix = "let the node synchronise its clock";
    if (Math.abs(offMs) > TOO_FAR_MS) return error(found, fix);
    return Math.abs(offMs) > NOTICEABLE_MS ? warning(found, fix) : ok(found);
  },
};

const signIn: Check = {
  id: "sign-in",
  category: "sign-in",
  title: "Entra signs the controller in",
  why: "Without a token nothing can be asked of Azure. The message names the setting or the federated credential at fault.",
  async run({ azure }) {
    const { clientId, principalId } = await azure.signIn();
    return ok(`${clientId === undefined ? "as a person" : `as client ${clientId}`}, object id ${principalId}`);
  },
};

const tenant: Check = {
  id: "tenant",
  category: "sign-in",
  title: "the token is of the configured tenant",
  why: "A role assignment in one tenant does not count in another. The environment of a credential may name another tenant.",
  needs: ["sign-in"],
  async run({ azure, settings }) {
    const { tenantId } = await azure.signIn();
    if (tenantId.toLowerCase() === settings.tenantId.toLowerCase()) return ok(tenantId);
    return error(
      `the token is of tenant ${tenantId}, and --tenant-id is ${settings.tenantId}`,
      "correct --tenant-id, or AZURE_TENANT_ID in the environment of the credential",
    );
  },
};

export const SIGN_IN_CHECKS: readonly Check[] = [azureReach, clock, signIn, tenant];
