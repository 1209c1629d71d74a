/** Blob Containers - List: pages and prefix filter. */
import type { Reply } from "../../../http/call.ts";
import { liveContainers } from "../../../storage/containers.ts";
import { deletedContainers } from "../../../storage/deleted-containers.ts";
import { badRequest } from "../../front-door/errors.ts";
import { pageReply } from "../../front-door/paging.ts";
import { queryValue } from "../../front-door/route-table.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { requireParentAccount } from "../accounts/find.ts";
import { CONTAINERS } from "./find.ts";
import { containerListView, deletedContainerView } from "./view.ts";

const TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers";
/** Maximum number of containers on a page (Blob Containers - List: $maxpagesize). */
const PAGE = 5000;

/** REST: Blob Containers - List. */
export const containerListRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", CONTAINERS, "read", "containers/list", listContainers],
]);

/** `$filter` is a prefix of names; `$include=deleted` adds containers in soft delete. */
function listContainers(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const prefix = readPrefix(queryValue(request.call, "$filter"));
  const live = liveContainers(request.services.world, account).map((container) => ({
    key: container.name,
    view: containerListView(request, account, container),
  }));
  const deleted = !includesDeleted(request) ? [] : deletedContainers(request.services, account);
  const kept = deleted.map((container) => ({
    key: `${container.name}\u0000${container.version}`,
    view: deletedContainerView(request, account, container),
  }));
  const items = [...live, ...kept].filter(({ key }) => key.startsWith(prefix));
  return pageReply(request, items, readPageSize(queryValue(request.call, "$maxpagesize")));
}

function includesDeleted({ call }: ArmRequest): boolean {
  const include = queryValue(call, "$include");
  if (include === undefined || include === "deleted") return include !== undefined;
  throw badRequest("InvalidQueryParameterValue", `The value '${include}' of $include is invalid; it can be 'deleted'.`);
}

/** A plain prefix, or `startswith(name, 'x')`. */
function readPrefix(filter: string | undefined): string {
  if (filter === undefined) return "";
  return /^startswith\(\s*name\s*,\s*'([^']*)'\s*\)$/i.exec(filter)?.[1] ?? filter;
}

function readPageSize(text: string | undefined): number {
  if (text === undefined || text === "") return PAGE;
  const size = Number(text);
  if (Number.isInteger(size) && size > 0) return Math.min(size, PAGE);
  throw badRequest(
    "InvalidQueryParameterValue",
    "Value for one of the query parameters specified in the request URI is invalid: $maxpagesize.",
  );
}
