/** Built-in policy definitions, as `az policy assignment create` looks one up by its name before it assigns it. */

import type { Reply } from "../../http/call.ts";
import { ownValue } from "../../json.ts";
import { BUILT_IN, definitionId } from "../../policy/built-in.ts";
import { toPolicyRule } from "../../policy/rule-view.ts";
import { ArmError } from "../front-door/errors.ts";
import type { ArmRequest, Route } from "../provider.ts";

const TYPE = "Microsoft.Authorization/policyDefinitions";

/** REST: Policy Definitions - Get, Get Built In. Everyone may read built-in ones. */
export const policyDefinitionRoutes: readonly Route<typeof TYPE>[] = [
  {
    method: "GET",
    path: `{scope}/providers/${TYPE}/{name}`,
    type: TYPE,
    operation: "policyDefinitions/get",
    run: getDefinition,
  },
];

/** Built-in ones are at the tenant; a subscription here has none of its own. */
function getDefinition({ params }: ArmRequest): Reply {
  const { scope = "", name = "" } = params;
  const definition = scope === "" ? ownValue(BUILT_IN, name.toLowerCase()) : undefined;
  if (definition === undefined) {
    throw new ArmError(404, "PolicyDefinitionNotFound", `The policy definition '${name}' could not be found.`);
  }
  const others = Object.entries(definition.parameters).map(([parameter, byDefault]) => [
    parameter,
    byDefault === undefined ? {} : { defaultValue: byDefault },
  ]);
  const effect = { type: "String", defaultValue: definition.defaultEffect, allowedValues: definition.effects };
  const properties = {
    displayName: definition.name,
    policyType: "BuiltIn",
    mode: definition.mode,
    parameters: { ...Object.fromEntries(others), ...(definition.effects.length > 1 && { effect }) },
    policyRule: toPolicyRule(definition),
  };
  return { status: 200, body: { id: definitionId(name), name, type: TYPE, properties } };
}
