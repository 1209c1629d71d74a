/** Paged lists: `value`, and `nextLink` with an opaque `$skipToken` while there are more pages. */
import type { Reply } from "../../http/call.ts";
import type { ArmRequest } from "../provider.ts";
import { badRequest } from "./errors.ts";
import { queryValue } from "./route-table.ts";

/** One item with the key that orders the list; keys are unique and stable, so that a page can start after a key. */
interface Keyed {
  readonly key: string;
  readonly view: object;
}

/** The page that the call asks for, ordered by key. Pages have `size` items. */
export function pageReply(request: ArmRequest, items: readonly Keyed[], size = 1000): Reply {
  const after = readSkipToken(request);
  const sorted = items.toSorted((left, right) => compareKeys(left.key, right.key));
  const rest = after === undefined ? sorted : sorted.filter((item) => compareKeys(item.key, after) > 0);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const value = page.map((item) => item.view);
  if (rest.length <= size || last === undefined) return { status: 200, body: { value } };
  return { status: 200, body: { value, nextLink: nextLink(request, last.key) } };
}

function compareKeys(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function readSkipToken(request: ArmRequest): string | undefined {
  const token = queryValue(request.call, "$skiptoken");
  if (token === undefined || token === "") return undefined;
  if (!/^[\w-]+$/.test(token)) throw badRequest("InvalidSkipToken", `The skip token '${token}' is invalid.`);
  return Buffer.from(token, "base64url").toString("utf8");
}

function nextLink(request: ArmRequest, key: string): string {
  const { call, services } = request;
  const url = new URL(call.path, services.settings.nextLinkElsewhere ? elsewhere(call.origin) : call.origin);
  for (const [name, value] of call.query) {
    if (name.toLowerCase() !== "$skiptoken") url.searchParams.append(name, value);
  }
  url.searchParams.set("$skipToken", Buffer.from(key, "utf8").toString("base64url"));
  return url.toString();
}

/** Another name of this emulator, which a client that follows the link as it is sends its token to. */
function elsewhere(origin: string): URL {
  const url = new URL(origin);
  url.hostname = url.hostname === "localhost" ? "127.0.0.1" : "localhost";
  return url;
}
