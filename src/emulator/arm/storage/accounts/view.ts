/** A storage account as ARM shows it: what was sent, Azure's defaults, and what follows from name and state. */

import type { JsonObject } from "../../../json.ts";
import type { StorageAccount } from "../../../world.ts";
import { shown } from "../../bodies/shown.ts";
import { REGIONS } from "../../front-door/locations.ts";
import type { ArmRequest } from "../../provider.ts";

/** The services of each kind of account, by their names in `primaryEndpoints`. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  StorageV2: ["blob", "dfs", "file", "queue", "table", "web"],
  Storage: ["blob", "file", "queue", "table"],
  BlobStorage: ["blob", "dfs", "web"],
  BlockBlobStorage: ["blob", "dfs", "web"],
  FileStorage: ["file"],
};

/**
 * Body of GET, PUT, PATCH and list items, as the call's api-version has it. Endpoints follow the host that the caller used.
 */
export function accountView(request: ArmRequest, account: StorageAccount): JsonObject {
  return shown("storageAccountView", request.apiVersion, wholeView(request, account));
}

function wholeView(request: ArmRequest, account: StorageAccount): JsonObject {
  const now = request.services.clock.now();
  return {
    sku: account.sku,
    kind: account.kind,
    ...account.extras,
    id: account.id,
    name: account.name,
    type: "Microsoft.Storage/storageAccounts",
    location: account.location,
    tags: account.tags,
    ...(account.identity === undefined ? {} : { identity: account.identity }),
    properties: {
      keyCreationTime: { key1: time(account.createdAt), key2: time(account.createdAt) },
      privateEndpointConnections: [],
      ...account.properties,
      provisioningState: now < account.readyAt ? "Creating" : (account.stuckIn ?? "Succeeded"),
      creationTime: time(account.createdAt),
      primaryEndpoints: endpoints(request, account, ""),
      primaryLocation: account.location,
      statusOfPrimary: "available",
      ...secondary(request, account),
    },
  };
}

function secondary(request: ArmRequest, account: StorageAccount): JsonObject {
  if (!/_(RA)?G/.test(account.sku.name)) return {};
  const location = REGIONS.find((region) => region.name === account.location)?.pair;
  const state = { ...(location === undefined ? {} : { secondaryLocation: location }), statusOfSecondary: "available" };
  if (!account.sku.name.includes("_RA")) return state;
  return { ...state, secondaryEndpoints: endpoints(request, account, "-secondary") };
}

function endpoints(request: ArmRequest, account: StorageAccount, suffix: string): Record<string, string> {
  const { host, origin } = request.call;
  const isCloud = host === "management.azure.com";
  const names = SERVICES[account.kind] ?? ["blob"];
  return Object.fromEntries(
    names.map((name) => {
      const cloud = `https://${account.name}${suffix}.${name === "web" ? "z6.web" : name}.core.windows.net/`;
      return [name, isCloud ? cloud : `${origin}/${account.name}${suffix}/`];
    }),
  );
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
