// What a policy wants, from the expressions of its rule, and whether a class can do that.
import assert from "node:assert/strict";
import { toDriverError } from "../../../src/azure/faults.ts";
import { describeDenials, policyRemedy } from "../../../src/azure/refusals/policy-words.ts";
import { complyingParameter } from "../../../src/backend/blob/policy-parameters.ts";
import {
  alias,
  CREATING,
  DELETING,
  disallowed,
  disallowedInMessage,
  type Expression,
  type PolicyParts,
  SUBSCRIPTION,
  thrown,
} from "../../support/azure-answers.ts";

const NAMES = { assignment: "Corp", definition: "Rule" };
const TAG = "[concat('tags[', parameters('tagName'), ']')]";

const wants = (...expressions: Expression[]) => wantsWith({}, ...expressions);
function wantsWith(parts: Partial<PolicyParts>, ...expressions: Expression[]) {
  const error = disallowed({ ...NAMES, ...parts, expressions });
  const words = describeDenials(error) ?? "";
  return {
    words: /definition "Rule" \(.*?\): (.*)$/.exec(words)?.[1] ?? words,
    remedy: policyRemedy(error, complyingParameter),
  };
}
const exact = (property: string, operator: string, targetValue?: unknown, expressionValue?: unknown) => ({
  ...alias(property),
  operator,
  ...(targetValue !== undefined && { targetValue }),
  ...(expressionValue !== undefined && { expressionValue }),
});

describe("a policy's wish", () => {
  for (const [expression, words, advice] of [
    [
      exact("publicNetworkAccess", "NotEquals", "Disabled"),
      "publicNetworkAccess must be Disabled",
      'publicNetworkAccess: "Disabled"',
    ],
    [
      exact("publicNetworkAccess", "Equals", "Enabled", "Enabled"),
      "publicNetworkAccess must not be Enabled (it is Enabled)",
      'publicNetworkAccess: "Disabled"',
    ],
    [
      exact("encryption.requireInfrastructureEncryption", "NotEquals", "True"),
      "encryption.requireInfrastructureEncryption must be True",
      'requireInfraEncryption: "true"',
    ],
    [
      exact("networkAcls.defaultAction", "Equals", "Allow", "Allow"),
      "networkAcls.defaultAction must not be Allow (it is Allow)",
      'publicNetworkAccess: "Disabled"',
    ],
    [
      exact("sku.name", "NotIn", ["Standard_ZRS", "Standard_GZRS"], "Standard_LRS"),
      "sku.name must be one of Standard_ZRS, Standard_GZRS (it is Standard_LRS)",
      'skuName: "Standard_ZRS"',
    ],
    [
      exact("sku.name", "In", ["Standard_LRS"], "Standard_LRS"),
      "sku.name must be none of Standard_LRS (it is Standard_LRS)",
      'skuName: "Standard_ZRS"',
    ],
    [
      { expression: "kind", path: "kind", operator: "NotEquals", targetValue: "BlockBlobStorage" },
      "kind must be BlockBlobStorage",
      'skuName: "Premium_LRS"',
    ],
    [exact("accessTier", "Equals", "Hot", "Hot"), "accessTier must not be Hot (it is Hot)", 'accessTier: "Cool"'],
    [
      {
        expression: "location",
        path: "location",
        operator: "NotIn",
        targetValue: ["westeurope"],
        expressionValue: "eastus",
      },
      "location must be one of westeurope (it is eastus)",
      'location: "westeurope"',
    ],
    [
      { expression: "tags['owner']", operator: "Exists", targetValue: "False" },
      "tags.owner must be set",
      'tags: "owner=<value>"',
    ],
    [
      { expression: "tags.env", path: "tags.env", operator: "NotEquals", targetValue: "prod" },
      "tags.env must be prod",
      'tags: "env=prod"',
    ],
  ] as const) {
    it(`that a class can fulfil names the parameter: ${words}`, () => {
      const wish = wants(expression);
      assert.equal(wish.words, words);
      assert(wish.remedy.startsWith(`change the class so that it complies (${advice}), or ask the owner`), wish.remedy);
    });
  }

  for (const [expression, words] of [
    [
      exact("encryption.keySource", "NotEquals", "Microsoft.Keyvault", "Microsoft.Storage"),
      "encryption.keySource must be Microsoft.Keyvault (it is Microsoft.Storage)",
    ],
    [
      exact("keyPolicy.keyExpirationPeriodInDays", "Exists", "false"),
      "keyPolicy.keyExpirationPeriodInDays must be set",
    ],
    [
      exact("keyPolicy.keyExpirationPeriodInDays", "Greater", 90),
      "keyPolicy.keyExpirationPeriodInDays must be at most 90",
    ],
    [
      exact("minimumTlsVersion", "Less", "TLS1_3", "TLS1_2"),
      "minimumTlsVersion must be at least TLS1_3 (it is TLS1_2)",
    ],
    [exact("allowedCopyScope", "NotEquals", "PrivateLink"), "allowedCopyScope must be PrivateLink"],
    [
      exact("allowCrossTenantReplication", "NotEquals", "true", "false"),
      "allowCrossTenantReplication must be true (it is false)",
    ],
    [exact("isLocalUserEnabled", "NotEquals", "true", "false"), "isLocalUserEnabled must be true (it is false)"],
    [
      exact("networkAcls.virtualNetworkRules[*].id", "Exists", "False"),
      "networkAcls.virtualNetworkRules[*].id must be set",
    ],
    [exact("networkAcls.bypass", "NotContains", "Logging"), "networkAcls.bypass must contain Logging"],
    [
      exact("privateEndpointConnections[*].privateLinkServiceConnectionState.status", "NotEquals", "Approved"),
      "privateEndpointConnections[*].privateLinkServiceConnectionState.status must be Approved",
    ],
    [exact("sku.name", "NotEquals", "Standard_Mars"), "sku.name must be Standard_Mars"],
    [
      {
        expressionKind: "Value",
        expression:
          "[int(first(split(field('Microsoft.Storage/storageAccounts/sasPolicy.sasExpirationPeriod'), '.')))]",
        operator: "Greater",
        targetValue: 1,
        expressionValue: 7,
      },
      "sasPolicy.sasExpirationPeriod must be at most 1 (it is 7)",
    ],
    [
      {
        expressionKind: "Count",
        expression: "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]",
        operator: "Greater",
        targetValue: 0,
      },
      "networkAcls.ipRules[*] must be at most 0",
    ],
  ] as const) {
    it(`that no class can fulfil says so, with the two ways out: ${words}`, () => {
      const wish = wants(expression);
      assert.equal(wish.words, words);
      assert.match(wish.remedy, /^no class can comply \(/);
      assert.match(
        wish.remedy,
        /ask the owner of the policy assignment for an exemption, or name an account that complies in the class's storageAccount$/,
      );
    });
  }

  it("about a tag that the assignment names is read from its parameters", () => {
    const parts = { parameters: { tagName: { value: "costCenter" }, tagValue: { value: "4711" } } };
    const wish = wantsWith(parts, { expression: TAG, operator: "NotEquals", targetValue: "[parameters('tagValue')]" });
    assert.equal(wish.words, "tags.costCenter must be 4711");
    assert.match(wish.remedy, /\(tags: "costCenter=4711"\)/);
  });

  it("leaves out what only says which resources the rule is about", () => {
    const kind = {
      expression: "kind",
      path: "kind",
      operator: "Equals",
      targetValue: "StorageV2",
      expressionValue: "StorageV2",
    };
    const region = { expression: "location", path: "location", operator: "NotEquals", targetValue: "global" };
    const parameter = {
      expressionKind: "Value",
      expression: "[parameters('mode')]",
      operator: "Equals",
      targetValue: "strict",
    };
    assert.equal(
      wants(kind, region, parameter, exact("publicNetworkAccess", "NotEquals", "Disabled")).words,
      "publicNetworkAccess must be Disabled",
    );
    assert.equal(wants(kind).words, "kind must not be StorageV2 (it is StorageV2)");
  });

  it("under a `not` is what did not hold; beside what held it may be another branch", () => {
    const no = { ...exact("minimumTlsVersion", "Equals", "TLS1_3", "TLS1_2"), result: "False" };
    assert.equal(wants(no).words, "minimumTlsVersion must be TLS1_3 (it is TLS1_2)");
    assert.equal(
      wants(no, exact("publicNetworkAccess", "NotEquals", "Disabled")).words,
      "publicNetworkAccess must be Disabled",
    );
  });

  it("that names no expression is reported by the assignment's parameters, without the effect", () => {
    const parameters = { effect: { value: "Deny" }, listOfAllowedLocations: { value: ["westeurope", "northeurope"] } };
    const wish = wantsWith({ parameters });
    assert.equal(wish.words, "it is set to listOfAllowedLocations = westeurope, northeurope");
    assert.match(wish.remedy, /^change the class so that it complies, or ask the owner/);
  });

  it("about a member of the tags is about that tag", () => {
    const no = {
      expression: "tags",
      path: "tags",
      operator: "ContainsKey",
      targetValue: "department",
      result: "False",
    };
    assert.equal(wants(no).words, "tags.department must be set");
    assert.match(wants(no).remedy, /complies \(tags: "department=<value>"\)/);
  });

  it("about types alone is one that no class can fulfil, and beside anything else only what the rule is about", () => {
    const types = {
      expression: "type",
      path: "type",
      operator: "In",
      targetValue: ["Microsoft.Compute/disks"],
      result: "False",
    };
    const wish = wants(types);
    assert.match(wish.words, /type must be one of Microsoft\.Compute\/disks/);
    assert.match(wish.remedy, /^no class can comply \(type\)/);
    const formula = { expressionKind: "Value", expression: "[utcNow()]", operator: "Greater", targetValue: "x" };
    const unknown = wants(formula);
    assert.match(unknown.remedy, /^change the class so that it complies, or ask/);
  });

  it("of many parts is reported in three, with the number of the others", () => {
    const many = ["a", "b", "c", "d", "e"].map((tag) => ({
      expression: `tags['${tag}']`,
      operator: "Exists",
      targetValue: "False",
    }));
    assert.equal(
      wants(...many, ...many).words,
      "tags.a must be set; tags.b must be set; tags.c must be set; and 2 more",
    );
  });

  it("half of which a class can fulfil is reported as one that no class can, by the other half", () => {
    const { remedy } = wants(
      exact("publicNetworkAccess", "NotEquals", "Disabled"),
      exact("encryption.keySource", "NotEquals", "Microsoft.Keyvault"),
    );
    assert.match(remedy, /^no class can comply \(encryption\.keySource\)/);
  });
});

describe("a denial in an event", () => {
  const told = (error: ReturnType<typeof disallowed>, doing = CREATING, options: object = { complyingParameter }) => {
    const { reason, message } = toDriverError(thrown(403, error), doing, options);
    assert.equal(reason, "Misconfigured");
    assert(message.length <= 850, `${message.length}: ${message}`);
    return message;
  };
  const network = {
    definition: "Storage accounts should disable public network access",
    expressions: [exact("publicNetworkAccess", "NotEquals", "Disabled")],
  };
  const twice = {
    definition: "Storage accounts should have infrastructure encryption",
    expressions: [exact("encryption.requireInfrastructureEncryption", "NotEquals", "true")],
  };

  it("has the assignment, its scope, the initiative, the definition, what is wanted, the owner's words and what to do", () => {
    const message = told(
      disallowed({
        ...network,
        assignment: "Deny public endpoints",
        initiative: "Corp baseline",
        reason: "Ask in #cloud's channel, it's 'easy'.",
      }),
    );
    for (const part of [
      'Azure Policy denies it, assignment "Deny public endpoints" (/providers/Microsoft.Management/managementGroups/alz-prod-corp/',
      'of initiative "Corp baseline" by definition "Storage accounts should disable public network access"',
      ": publicNetworkAccess must be Disabled, because \"Ask in #cloud's channel, it's 'easy'.\"",
      'change the class so that it complies (publicNetworkAccess: "Disabled")',
    ]) {
      assert(message.includes(part), `${part}: ${message}`);
    }
  });

  it("of two policies names both, with what each wants, and leaves ids out before names", () => {
    const name = "Public network access should be disabled for PaaS services";
    const message = told(
      disallowed({ ...network, assignment: name, initiative: name }, { ...twice, assignment: "Infrastructure" }),
    );
    assert(message.includes(`assignment "${name}" at management group alz-prod-corp by definition`), message);
    assert.match(
      message,
      /it, assignment "Infrastructure" at .* must be true, and assignment .* publicNetworkAccess must be Disabled; change/,
    );
    assert.match(message, /\(requireInfraEncryption: "true", publicNetworkAccess: "Disabled"\)/);
  });

  it("of very long names and reasons keeps names, marks what it cuts, and stays short enough", () => {
    const long = {
      assignment: "A".repeat(300),
      definition: "D".repeat(300),
      initiative: "I".repeat(300),
      reason: "R".repeat(600),
    };
    const message = told(disallowed({ ...network, ...long }, { ...network, ...long, assignment: "B".repeat(300) }));
    assert.match(message, /assignment "A{100,}…" at management group alz-prod-corp/);
    assert.match(message, /because "R{70,}…"/);
    assert.match(message, /and 1 more/);
  });

  it("in the former form, which has only names, has them all", () => {
    const message = told(disallowedInMessage("Storage firewall", "Restrict network access", "PCI DSS v4"));
    assert.match(
      message,
      /assignment "Storage firewall" \(.*\) of initiative "PCI DSS v4" by definition "Restrict network access"/,
    );
    assert.match(
      message,
      /; change the class so that it complies, or ask the owner of the policy assignment for an exemption, or name an account/,
    );
  });

  it("of what no class shapes advises no change of the class", () => {
    const message = told(
      disallowed({ assignment: "No deletes", definition: "Deny delete", scope: SUBSCRIPTION }),
      DELETING,
      {},
    );
    assert.match(
      message,
      /assignment "No deletes" .*; no parameter of a class changes that: ask the owner of the policy assignment for an exemption$/,
    );
  });

  it("keeps the owner's words where it names no policy", () => {
    const { message } = disallowed({ assignment: "x", definition: "y", reason: "Ticket queue SEC-STORAGE." });
    const words = told({ code: "RequestDisallowedByPolicy", message });
    assert.match(words, /Reasons: 'Ticket queue SEC-STORAGE\.'/);
  });
});
