// Lists of an API server over plain HTTP on loopback: pages with `limit` and `continue`, a selector for the phase, and single
// objects by name. For what a real one cannot be asked in a second: thousands of objects, and failures at a chosen page.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { writeKubeconfig } from "./kubeconfig.ts";

/** An object as far as the server looks at it. */
export interface Listed {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

export interface PagingServer {
  readonly kubeconfig: string;
  /** The objects of a list, by its path. */
  readonly lists: Map<string, Listed[]>;
  /** Every request since the last `forget`. */
  readonly requests: URL[];
  /** Decides about a request before it is answered: a status other than 200 is the answer. */
  before: (url: URL) => number | Promise<number>;
  /** The body of an answer with status 200; undefined: the one that its lists give. */
  instead: (url: URL) => string | undefined;
  /** What a refusal says. */
  refusal: (url: URL) => string;
  stop(): Promise<void>;
}

export async function startPagingServer(): Promise<PagingServer> {
  const lists: PagingServer["lists"] = new Map();
  const requests: URL[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://here");
    requests.push(url);
    const status = await answering.before(url);
    const other = answering.instead(url);
    const body = status === 200 ? (other === undefined ? answer(lists, url) : [other]) : undefined;
    const code = status === 200 && body === undefined ? 404 : status;
    response.writeHead(code, { "content-type": "application/json" });
    const failed = [JSON.stringify({ kind: "Status", apiVersion: "v1", message: answering.refusal(url), code })];
    // Piece by piece: a list may have 100 MB. A client that stops reading is no failure.
    await pipeline(Readable.from(body ?? failed), response).catch(() => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-kubeconfig-"));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = await writeKubeconfig(join(folder, "config"), { server: `http://127.0.0.1:${port}` });
  const answering: PagingServer = {
    kubeconfig,
    lists,
    requests,
    before: () => 200,
    instead: () => undefined,
    refusal: () => "",
    async stop() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return answering;
}

/** JSON of a page, or of one object, in pieces; undefined for what does not exist. */
function answer(lists: PagingServer["lists"], { pathname, searchParams }: URL): Iterable<string> | undefined {
  const objects = lists.get(pathname);
  if (objects === undefined) return findOne(lists, pathname);
  const [, phase] = /^status\.phase=(.+)$/.exec(searchParams.get("fieldSelector") ?? "") ?? [];
  const selected = phase === undefined ? objects : objects.filter(({ status }) => status?.phase === phase);
  const begin = Number(searchParams.get("continue") ?? 0);
  const end = Math.min(begin + Number(searchParams.get("limit") ?? selected.length), selected.length);
  const metadata = end < selected.length ? { continue: String(end) } : {};
  return writePage(metadata, selected.slice(begin, end));
}

function* writePage(metadata: object, objects: readonly Listed[]): Generator<string> {
  yield `{"kind":"List","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[`;
  for (const [index, object] of objects.entries()) yield `${index === 0 ? "" : ","}${JSON.stringify(object)}`;
  yield "]}";
}

function findOne(lists: PagingServer["lists"], pathname: string): string[] | undefined {
  const slash = pathname.lastIndexOf("/");
  const name = pathname.slice(slash + 1);
  const found = lists.get(pathname.slice(0, slash))?.find(({ metadata }) => metadata.name === name);
  return found && [JSON.stringify(found)];
}
