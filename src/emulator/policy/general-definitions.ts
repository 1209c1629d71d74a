/**
 * The built-in definitions that look at any resource and can deny a storage account, by GUID. Read in Azure/azure-policy
 * (built-in-policies/policyDefinitions/General and Tags), as of its newest stored commit, April 2026.
 */
import { type Definition, ofAnything, when } from "./definition.ts";

const ALWAYS = { effects: ["Deny"], defaultEffect: "Deny" };

function onlyIn(where: string, regions: readonly string[]): Definition {
  const name = `[Deprecated]: Allow resource creation only in ${where} data centers`;
  return ofAnything(name, { not: when("location", "in", regions) }, ALWAYS);
}

export const GENERAL_DEFINITIONS: Readonly<Record<string, Definition>> = {
  "e56962a6-4747-49cd-b67b-bf8b01975c4c": ofAnything(
    "Allowed locations",
    {
      allOf: [
        when("location", "notIn", { parameter: "listOfAllowedLocations" }),
        when("location", "notEquals", "global"),
        when("type", "notEquals", "Microsoft.AzureActiveDirectory/b2cDirectories"),
      ],
    },
    // The effect is a parameter since version 1.1.0.
    { defaultEffect: "Deny", parameters: { listOfAllowedLocations: undefined } },
  ),
  "a08ec900-254a-4555-9bf5-e42af04b5c5c": ofAnything(
    "Allowed resource types",
    { not: when("type", "in", { parameter: "listOfResourceTypesAllowed" }) },
    { ...ALWAYS, parameters: { listOfResourceTypesAllowed: undefined } },
  ),
  "6c112d4e-5bc7-47ae-a041-ea2d9dccd749": ofAnything(
    "Not allowed resource types",
    { allOf: [when("type", "in", { parameter: "listOfResourceTypesNotAllowed" }), when("type", "exists", "true")] },
    { mode: "All", defaultEffect: "Deny", parameters: { listOfResourceTypesNotAllowed: undefined } },
  ),
  "16fabb5c-7379-4433-8009-042066fa3a16": ofAnything(
    "Exclude Usage Costs Resources",
    {
      not: {
        anyOf: [
          when("type", "like", "Microsoft.SaaSHub/*"),
          when("type", "in", [
            "Microsoft.CloudPartnerProgram/memberships",
            "Microsoft.Resources/subscriptions/resourcegroups",
            "Microsoft.Resources/tags",
            "Microsoft.Authorization/policyAssignments",
            "Microsoft.Authorization/policyDefinitions",
            "Microsoft.Authorization/policySetDefinitions",
            "Microsoft.Authorization/denyAssignments",
          ]),
        ],
      },
    },
    { mode: "All", defaultEffect: "Deny" },
  ),
  // Two more conditions look at the factors that a user signed in with: an application is no user.
  "4e6c27d5-a6ee-49cf-b2b4-d8fe90fa2b8b": ofAnything(
    "[Preview]: Users must authenticate with multi-factor authentication to create or update resources",
    when("requestContext().identity.idtyp", "equals", "user"),
    { mode: "All" },
  ),
  "94c19f19-8192-48cd-a11b-e37099d3e36b": onlyIn("European", ["northeurope", "westeurope"]),
  "983211ba-f348-4758-983b-21fa29294869": onlyIn("United States", [
    ...["centralus", "eastus", "eastus2", "northcentralus", "southcentralus", "westus"],
  ]),
  "c1b9cbed-08e3-427d-b9ce-7c535b1e9b94": onlyIn("Asia", [
    ...["eastasia", "southeastasia", "westindia", "southindia", "centralindia", "japaneast", "japanwest"],
  ]),
  "5ee85ce5-e7eb-44d6-b4a2-32a24be1ca54": onlyIn("India", ["westindia", "southindia", "centralindia"]),
  "6fdb9205-3462-4cfc-87d8-16c7860b53f4": onlyIn("Japan", ["japaneast", "japanwest"]),
  "871b6d14-10aa-478d-b590-94f262ecfa99": ofAnything(
    "Require a tag on resources",
    when("tags[{tagName}]", "exists", "false"),
    { ...ALWAYS, parameters: { tagName: undefined } },
  ),
  "1e30110a-5ceb-460c-a204-c1c3969c6d62": ofAnything(
    "Require a tag and its value on resources",
    { not: when("tags[{tagName}]", "equals", { parameter: "tagValue" }) },
    { ...ALWAYS, parameters: { tagName: undefined, tagValue: undefined } },
  ),
  "36fd7371-8eb7-4321-9c30-a7100022d048": ofAnything(
    "Requires resources to not have a specific tag.",
    when("tags[{tagName}]", "exists", "true"),
    { parameters: { tagName: undefined } },
  ),
  "cd8dc879-a2ae-43c3-8211-1877c5755064": ofAnything(
    "[Deprecated]: Allow resource creation if 'department' tag set",
    { not: when("tags", "containsKey", "department") },
    ALWAYS,
  ),
  "ac7e5fc0-c029-4b12-91d4-a8500ce697f9": ofAnything(
    "[Deprecated]: Allow resource creation if 'environment' tag value in allowed values",
    { not: when("tags[environment]", "in", ["production", "dev", "test", "staging"]) },
    ALWAYS,
  ),
};
