/**
 * The API server over HTTP: the client's kubeconfig, sign-in and TLS, and JSON as the API server writes it. Not the client's
 * generated classes: they are 1 MB of program of which ten calls are used, they open a connection for each request, and they
 * turn an answer into some five times its size.
 */
import { ApiException, HttpMethod, type KubeConfig, RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, getGlobalDispatcher } from "undici";
import { withDeadline } from "../concurrency/deadline.ts";
import { createGate } from "../concurrency/gate.ts";
import { createSingleFlight } from "../concurrency/single-flight.ts";
import { DriverError } from "../errors.ts";
import { type Answer, type Body, Exchange } from "./exchange.ts";

/** Objects of the API server. `T` is the client's type for them; a date in it is text. */
export interface Api {
  /** Throws ApiException for every status but 200 and 201, as the others do. */
  get<T>(path: string): Promise<T>;
  create<T>(path: string, object: T): Promise<T>;
  replace<T>(path: string, object: T): Promise<T>;
  /** A page as text. Stops reading, and closes the connection, behind `mostBytes`. `timeoutMs`: if not that of a page. */
  list(path: string, query: Readonly<Record<string, string>>, mostBytes: number, timeoutMs?: number): Promise<Body>;
}

/** One object, or one page of a list: normally well under a second. */
const REQUEST_TIMEOUT_MS = 10_000;
/**
 * How long a sign-in is used. The client reads a ServiceAccount's token again after a minute, like client-go
 * (k8s.io/client-go, transport/token_source.go), and the certificates of the API server at each sign-in.
 */
const SIGNED_IN_MS = 60_000;
/** Shorter than a request that waits for it, so that this says why. */
const SIGN_IN_MS = 8_000;
/**
 * Each takes a connection with TLS buffers of some 0.3 MiB; those that wait meanwhile spend their own time limit. At 50 ms for an answer
 * they are 160 a second, for 80 claims.
 */
const MOST_AT_ONCE = 8;

/** A path of the API with its values escaped: apiPath`/api/v1/namespaces/${name}`. */
export function apiPath(texts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: texts }, ...values.map(encodeURIComponent));
}

interface Request {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly object?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  /** Of the answer. Absent: all of it is read. */
  readonly mostBytes?: number;
  /** Absent: that of an object or a page. */
  readonly timeoutMs?: number | undefined;
}

/** `server` is the kubeconfig's address; `now` in milliseconds of a monotonic clock; `signInMs` is how long a sign-in may take. */
export function createApi(config: KubeConfig, server: string, now: () => number, signInMs: number = SIGN_IN_MS): Api {
  const signIn = shareSignIn(config, server, { now, signInMs });
  const gate = createGate(MOST_AT_ONCE);
  const send = async (exchange: Exchange, request: Request): Promise<Answer> => {
    const session = await signIn.get();
    if (!exchange.isOver) dispatch(session, request, exchange);
    const answer = await exchange.answer;
    // The next request signs in again: the token may have been replaced before its time.
    if (answer.status === 401) signIn.forget(session);
    return answer;
  };
  const ask = async (request: Request): Promise<Body> => {
    const { mostBytes = Number.POSITIVE_INFINITY, timeoutMs = REQUEST_TIMEOUT_MS } = request;
    const exchange = new Exchange({ timeoutMs, mostBytes });
    // Its time counts while it waits, too; a sign-in that failed is the answer.
    gate(() => send(exchange, request)).catch((error: unknown) => exchange.fail(error));
    const { status, headers, body } = await exchange.answer;
    if (status === 200 || status === 201) return body;
    throw new ApiException(status, "refused", body.text, headers);
  };
  const askForJson = async <T>(request: Request) => JSON.parse((await ask(request)).text ?? "") as T;
  return {
    get: (path) => askForJson({ method: "GET", path }),
    create: (path, object) => askForJson({ method: "POST", path, object }),
    replace: (path, object) => askForJson({ method: "PUT", path, object }),
    list: (path, query, mostBytes, timeoutMs) => ask({ method: "GET", path, query, mostBytes, timeoutMs }),
  };
}

/**
 * HTTP/1.1 only: the API server would choose HTTP/2, where all requests share one connection, and fail with it. Figures:
 * docs/decisions/0015-start-up-and-memory.md.
 */
function dispatch(session: Session, { method, path, object, query }: Request, exchange: Exchange): void {
  const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
  const { origin, base, headers, dispatcher } = session;
  const request = { origin, path: `${base}${path}${search}`, method, allowH2: false };
  if (object === undefined) dispatcher.dispatch({ ...request, headers }, exchange);
  else
    dispatcher.dispatch({ ...request, headers: { ...headers, ...JSON_BODY }, body: JSON.stringify(object) }, exchange);
}

const JSON_BODY = { "content-type": "application/json" };

/** A sign-in, and what each request takes of it. */
interface Session {
  readonly origin: string;
  /** Of the API's paths; `""` unless the API server is behind a path of its own. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

interface SharedSignIn {
  get(): Promise<Session>;
  /** Unless somebody has signed in since. */
  forget(session: Session): void;
}

interface SignInOptions {
  readonly now: () => number;
  readonly signInMs: number;
}

/** A plugin may ask for a password that nobody types: what hangs there must not hold up all that follows. */
function noSignIn(limitMs: number): DriverError {
  return new DriverError(
    "DeadlineExceeded",
    `the kubeconfig's credential plugin gave nothing to sign in with within ${limitMs / 1000} s: make it work without a terminal; ` +
      "it is run again at the next attempt",
  );
}

/** The client makes a dispatcher, which holds the connections, for each sign-in: so requests share one for a while. */
function shareSignIn(config: KubeConfig, server: string, { now, signInMs }: SignInOptions): SharedSignIn {
  const flight = createSingleFlight<Session>();
  let last: { readonly session: Session; readonly until: number } | undefined;
  const signIn = async () => {
    const context = new RequestContext(server, HttpMethod.GET);
    context.setHeaderParam("User-Agent", "keyless-csi");
    context.setHeaderParam("Accept", "application/json");
    const applied = config.applySecurityAuthentication(context).then(() => "in time" as const);
    if ((await withDeadline(signInMs, applied, "late")) === "late") throw noSignIn(signInMs);
    const { origin, pathname } = new URL(server);
    const session: Session = {
      origin,
      base: pathname.replace(/\/+$/, ""),
      headers: context.getHeaders(),
      // None without TLS.
      dispatcher: context.getDispatcher() ?? getGlobalDispatcher(),
    };
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
