/** What the firewall rules of an account may name ("Configure Azure Storage firewalls"; storage-network-security-limitations). */
import { BlockList, isIP } from "node:net";
import { isObject, type JsonObject } from "../../../json.ts";
import { invalidValues } from "../../bodies/refusals.ts";
import { isGuid } from "../../front-door/resource-ids.ts";

const LINK = " For more information, see - https://aka.ms/storagenetworkruleset";
/** "Up to 400 virtual network rules, 400 IP network rules, 200 resource instance rules". */
const LIMITS: Readonly<Record<string, number>> = { ipRules: 400, virtualNetworkRules: 400, resourceAccessRules: 200 };

/** No public addresses: RFC 1918, which the page names, and what else never comes from the internet (RFC 6890). */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  PRIVATE.addSubnet(network, prefix);
}

const SUBNET =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/]+\/providers\/Microsoft\.(?:Classic)?Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i;
const RESOURCE = /^\/subscriptions\/[0-9a-f-]{36}\/(?:resourceGroups\/[^/]+\/)?providers\/[^/]+\/[^/]+\/[^/]+/i;

/** Throws 400 InvalidValuesForRequestParameters, with the member's path as Azure writes it (azure-cli#13828, #23318). */
export function requireNetworkRules(acls: JsonObject): void {
  for (const [name, limit] of Object.entries(LIMITS)) {
    if (rulesAt(acls, name).length > limit) throw invalid(`${name}[*]`);
  }
  // Azure's own text has `ipRule`, in the singular.
  requireEach(acls, "ipRules", "ipRule[*].value", ({ value }) => isPublicRange(String(value)));
  requireEach(acls, "ipv6Rules", "ipv6Rules[*].value", ({ value }) => isIP(String(value).split("/")[0] ?? "") === 6);
  requireEach(acls, "virtualNetworkRules", "virtualNetworkRules[*].id", ({ id }) => SUBNET.test(String(id)));
  const owner = "resourceAccessRules";
  requireEach(acls, owner, `${owner}[*].resourceId`, ({ resourceId }) => RESOURCE.test(String(resourceId)));
  requireEach(acls, owner, `${owner}[*].tenantId`, ({ tenantId }) => isGuid(String(tenantId)));
  for (const name of ["ipRules", "ipv6Rules", "virtualNetworkRules"]) {
    requireEach(acls, name, `${name}[*].action`, ({ action }) => action === undefined || action === "Allow");
  }
}

/** An IPv4 address, or a range of at least four: "/31 or /32 prefix sizes are not supported". */
function isPublicRange(text: string): boolean {
  const [address = "", prefix, more] = text.split("/");
  if (isIP(address) !== 4 || more !== undefined || PRIVATE.check(address)) return false;
  return prefix === undefined || (/^\d{1,2}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= 30);
}

function requireEach(acls: JsonObject, name: string, path: string, isFit: (rule: JsonObject) => boolean): void {
  if (!rulesAt(acls, name).every(isFit)) throw invalid(path);
}

function rulesAt(acls: JsonObject, name: string): JsonObject[] {
  const rules = acls[name];
  return Array.isArray(rules) ? rules.filter(isObject) : [];
}

function invalid(path: string) {
  return invalidValues(`networkAcls.${path}`, LINK);
}
