// Claims on a real API server, as fast as it takes them: created many at a time, and watched until the last one is Bound.
import { readFile } from "node:fs/promises";
import { Agent, type Dispatcher, request } from "undici";
import type { ControlPlane } from "../../test/support/control-plane.ts";

/** How many POSTs are under way at once. */
const CREATED_AT_ONCE = 20;

export interface ClaimTimes {
  /** From the first POST to the last claim's Bound. */
  readonly seconds: number;
  /** From the first POST to the last answer to one. */
  readonly createdAfterSeconds: number;
}

export interface ClaimBench {
  /** Creates `count` claims of a class in namespace `default`; rejects when not all are Bound in `limitSeconds`. */
  run(prefix: string, storageClass: string, count: number, limitSeconds: number): Promise<ClaimTimes>;
  close(): Promise<void>;
}

const CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";

export async function connectClaims(plane: ControlPlane): Promise<ClaimBench> {
  const dispatcher = new Agent({ connect: { ca: await readFile(plane.caFile) }, bodyTimeout: 0 });
  const { users } = JSON.parse(await readFile(plane.kubeconfig, "utf8")) as { users: { user: { token: string } }[] };
  const headers = { authorization: `Bearer ${users[0]?.user.token}`, "content-type": "application/json" };
  const ask: Ask = (path, options) => request(`${plane.server}${path}`, { dispatcher, headers, ...options });
  return {
    async run(prefix, storageClass, count, limitSeconds) {
      const names = Array.from({ length: count }, (_, number) => `${prefix}-${number}`);
      const stop = AbortSignal.timeout(limitSeconds * 1000);
      const bound = watchUntilBound(ask, new Set(names), stop);
      bound.catch(() => undefined); // until it is awaited below
      const begun = performance.now();
      await createAll(ask, names, storageClass);
      const createdAfterSeconds = (performance.now() - begun) / 1000;
      await bound;
      return { seconds: (performance.now() - begun) / 1000, createdAfterSeconds };
    },
    close: () => dispatcher.destroy(),
  };
}

type Ask = (
  path: string,
  options: { readonly method: "GET" | "POST"; readonly body?: string; readonly signal?: AbortSignal },
) => Promise<Dispatcher.ResponseData>;

async function createAll(ask: Ask, names: readonly string[], storageClassName: string): Promise<void> {
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const spec = { accessModes: ["ReadWriteMany"], storageClassName, resources: { requests: { storage: "1Gi" } } };
      const body = JSON.stringify({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name }, spec });
      const answer = await ask(CLAIMS, { method: "POST", body });
      const text = await answer.body.text();
      if (answer.statusCode !== 201) throw new Error(`claim ${name}: ${answer.statusCode} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, worker));
}

interface Claim {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly status?: { readonly phase?: string };
}

/** Resolves when each of the names has been seen Bound: a list, then a watch from there, again whenever a watch ends. */
async function watchUntilBound(ask: Ask, waitedFor: Set<string>, signal: AbortSignal): Promise<void> {
  const see = ({ metadata, status }: Claim) => {
    if (status?.phase === "Bound") waitedFor.delete(metadata.name);
  };
  while (waitedFor.size > 0) {
    const { body } = await ask(CLAIMS, { method: "GET", signal });
    const list = (await body.json()) as { items: readonly Claim[]; metadata: { readonly resourceVersion: string } };
    for (const claim of list.items) see(claim);
    if (waitedFor.size > 0)
      await watch(ask, list.metadata.resourceVersion, { see, signal, isDone: () => waitedFor.size === 0 });
  }
}

interface Watching {
  readonly see: (claim: Claim) => void;
  readonly isDone: () => boolean;
  readonly signal: AbortSignal;
}

async function watch(ask: Ask, version: string, { see, isDone, signal }: Watching): Promise<void> {
  const path = `${CLAIMS}?watch=true&allowWatchBookmarks=false&resourceVersion=${version}`;
  const { body } = await ask(path, { method: "GET", signal });
  let rest = "";
  for await (const chunk of body.setEncoding("utf8")) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: Claim };
      if (type === "ERROR") return;
      see(object);
    }
    if (isDone()) return;
  }
}
