/**
 * The API server over HTTP: the client's kubeconfig, sign-in and TLS, and JSON as the API server writes it. Not the client's
 * generated classes: they are 1 MB of program of which ten calls are used, they open a connection for each request, and they
 * turn an answer into some five times its size.
 */
import { ApiException, HttpMethod, type KubeConfig, RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, request } from "undici";
import { createGate } from "../concurrency/gate.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";

/** An answer that has not been read yet. */
export type Body = Dispatcher.ResponseData["body"];

/** Objects of the API server. `T` is the client's type for them; a date in it is text. */
export interface Api {
  /** Throws ApiException for every status but 200 and 201, as the others do. */
  get<T>(path: string): Promise<T>;
  create<T>(path: string, object: T): Promise<T>;
  replace<T>(path: string, object: T): Promise<T>;
  /** `readBody` reads the answer, or destroys it. */
  list<T>(path: string, query: Readonly<Record<string, string>>, readBody: (body: Body) => Promise<T>): Promise<T>;
}

/** One object, or one page of a list: normally well under a second. */
const REQUEST_TIMEOUT_MS = 10_000;
/**
 * How long a sign-in is used. The client reads a ServiceAccount's token again after a minute, like client-go
 * (k8s.io/client-go, transport/token_source.go), and the certificates of the API server at each sign-in.
 */
const SIGNED_IN_MS = 60_000;
/** Each takes a connection with TLS buffers of some 0.3 MiB; those that wait meanwhile spend their own time limit. */
const MOST_AT_ONCE = 16;

/** A path of the API with its values escaped: apiPath`/api/v1/namespaces/${name}`. */
export function apiPath(texts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: texts }, ...values.map(encodeURIComponent));
}

interface Request {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly object?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

/** `server` is the kubeconfig's address; `now` in milliseconds of a monotonic clock. */
export function createApi(config: KubeConfig, server: string, now: () => number): Api {
  const signIn = shareSignIn(config, server, now);
  const base = server.replace(/\/+$/, "");
  const send = async (signal: AbortSignal, { method, path, object, query = {} }: Request) => {
    const session = await signIn.get();
    const dispatcher = session.getDispatcher();
    const { statusCode, headers, body } = await request(base + path, {
      method,
      query,
      headers: { ...session.getHeaders(), ...(object !== undefined && { "content-type": "application/json" }) },
      signal,
      ...(object !== undefined && { body: JSON.stringify(object) }),
      ...(dispatcher !== undefined && { dispatcher }),
    });
    if (statusCode === 200 || statusCode === 201) return body;
    // The next request signs in again: the token may have been replaced before its time.
    if (statusCode === 401) signIn.forget(session);
    throw new ApiException(statusCode, "refused", await body.text(), headers as Record<string, string>);
  };
  const gate = createGate(MOST_AT_ONCE);
  const ask = <T>(wanted: Request, readBody: (body: Body) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return gate(async () => readBody(await send(signal, wanted)));
  };
  const readJson = async <T>(body: Body) => (await body.json()) as T;
  return {
    get: <T>(path: string) => ask({ method: "GET", path }, readJson<T>),
    create: <T>(path: string, object: T) => ask({ method: "POST", path, object }, readJson<T>),
    replace: <T>(path: string, object: T) => ask({ method: "PUT", path, object }, readJson<T>),
    list: (path, query, readBody) => ask({ method: "GET", path, query }, readBody),
  };
}

interface SharedSignIn {
  get(): Promise<RequestContext>;
  /** Unless somebody has signed in since. */
  forget(session: RequestContext): void;
}

/** The client makes a dispatcher, which holds the connections, for each sign-in: so requests share one for a while. */
function shareSignIn(config: KubeConfig, server: string, now: () => number): SharedSignIn {
  const flight = createSingleFlight<RequestContext>();
  let last: { readonly session: RequestContext; readonly until: number } | undefined;
  const signIn = async () => {
    const session = new RequestContext(server, HttpMethod.GET);
    session.setHeaderParam("User-Agent", "keyless-csi");
    session.setHeaderParam("Accept", "application/json");
    await config.applySecurityAuthentication(session);
    last = { session, until: now() + SIGNED_IN_MS };
    return session;
  };
  return {
    get: async () => (last !== undefined && now() < last.until ? last.session : await flight.run("", signIn)),
    forget(session) {
      if (last?.session === session) last = undefined;
    },
  };
}
