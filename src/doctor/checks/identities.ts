/** Whether the workloads' identities can be found. */
import { DriverError } from "../../errors.ts";
import { type Check, error, ok } from "../check.ts";

/** A client id that no identity has: to look for it is to list all of them. */
const NOBODY = "00000000-0000-4000-8000-000000000000";

const identities: Check = {
  id: "identity-scopes",
  category: "azure",
  title: "the workloads' identities can be listed",
  why: "The controller finds the identity of a ServiceAccount by its client id among those of --identity-scopes.",
  needs: ["permissions"],
  async run({ ports, identityScopes }) {
    try {
      await ports.identities.findByClientId(NOBODY);
    } catch (thrown) {
      if (!(thrown instanceof DriverError)) throw thrown;
      return error(
        thrown.message,
        "correct --identity-scopes; it is not needed where every class names clientID and principalID",
      );
    }
    return ok(identityScopes.join(", "));
  },
};

export const IDENTITY_CHECKS: readonly Check[] = [identities];
