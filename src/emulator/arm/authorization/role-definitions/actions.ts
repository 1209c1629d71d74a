/** Which actions a custom role may name: those that some provider has. */
import { coversAction } from "../../../authorization/scopes.ts";
import type { JsonObject } from "../../../json.ts";
import type { Permission } from "../../../world.ts";
import { badRequest } from "../../front-door/errors.ts";
import { stringsAt } from "../../front-door/json.ts";
import { allOperations, operationsOf, type Plane } from "./operations.ts";

const KEYS: Readonly<Record<keyof Permission, { readonly plane: Plane; readonly code: string }>> = {
  actions: { plane: "actions", code: "InvalidActionOrNotAction" },
  notActions: { plane: "actions", code: "InvalidActionOrNotAction" },
  dataActions: { plane: "dataActions", code: "InvalidDataActionOrNotDataAction" },
  notDataActions: { plane: "dataActions", code: "InvalidDataActionOrNotDataAction" },
};

/** Namespaces of partners (azure-rest-api-specs, "Resource providers for Azure services"). */
const PARTNERS = new Set(
  `arizeai.observabilityeval astronomer.astro commvault.contentstore dynatrace.observability github.network informatica.datamanagement
   lambdatest.hyperexecute mongodb.atlas neon.postgres newrelic.observability nginx.nginxplus oracle.database
   paloaltonetworks.cloudngfw pinecone.vectordb purestorage.block qumulo.storage wandisco.fusion`.split(/\s+/),
);

/**
 * One list of a permission. Throws 400 for what matches no operation of its plane (azure-docs 102571, azure-powershell 9800).
 * Operations are known of the emulator's own providers only: of others the form and their namespace count.
 */
export function readActions(sent: JsonObject, key: keyof Permission): string[] {
  const { plane, code } = KEYS[key];
  const actions = stringsAt(sent, key) ?? [];
  for (const action of actions) {
    const reason = findFault(action, plane);
    if (reason !== undefined) throw badRequest(code, reason);
  }
  return actions;
}

function findFault(action: string, plane: Plane): string | undefined {
  if (action === "*") return undefined;
  const unmatched = `'${action}' does not match any of the actions supported by the providers.`;
  if (!/^[\w.*-]+(\/[\w.*-]+)+$/.test(action)) return unmatched;
  const provider = action.slice(0, action.indexOf("/"));
  const known = provider.includes("*") ? allOperations(plane) : operationsOf(provider, plane);
  if (known !== undefined) return known.some((operation) => coversAction(action, operation)) ? undefined : unmatched;
  if (/^Microsoft\.[A-Z]\w*$/i.test(provider) || PARTNERS.has(provider.toLowerCase())) return undefined;
  return "The resource provider referenced in the action is not returned in the list of providers from Azure Resource Manager.";
}
