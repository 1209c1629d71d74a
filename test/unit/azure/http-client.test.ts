// The HTTP client of the SDKs on undici, beside the SDKs' own: the same servers, the same answers, the same errors.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { createHttpClient } from "../../../src/azure/http-client.ts";

type Options = Partial<PipelineRequest>;

/** What an SDK can see of a request's end. */
async function outcomeOf(client: HttpClient, request: PipelineRequest): Promise<object> {
  try {
    const { status, bodyAsText, headers } = await client.sendRequest(request);
    // The connection's own headers are between it and the server.
    const { date: _, connection: __, "keep-alive": ___, ...others } = headers.toJSON();
    return { status, bodyAsText, headers: others };
  } catch (error) {
    const { name, code, statusCode, request: about } = error as Error & Record<string, unknown>;
    return { name, code, statusCode, isAboutIt: about === undefined || about === request };
  }
}

describe("the SDKs' HTTP client", () => {
  const open: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(open.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  async function listen(server: Server): Promise<string> {
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const serve = (handle: RequestListener) => listen(createServer({ keepAliveTimeout: 60_000 }, handle));
  /** Answers each connection with these bytes, and ends it. */
  const serveBytes = (text: string) =>
    listen(createTcpServer((socket) => socket.once("data", () => socket.end(text))) as Server);
  /** And by which connections it is asked. */
  const serveAndNotePorts = async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("x");
    });
    return { url, ports };
  };
  const ask = (url: string, options: Options = {}) =>
    createPipelineRequest({ url, allowInsecureConnection: true, ...options });

  const answers: Readonly<Record<string, readonly [RequestListener, Options?]>> = {
    "a text": [(_, response) => response.end("hello")],
    "headers that come twice": [
      (_, response) =>
        response
          .writeHead(200, [
            ...["Retry-After", "1", "Retry-After", "2", "x-ms-warn", "a", "x-ms-warn", "b"],
            ...["Set-Cookie", "c=1", "Set-Cookie", "d=2", "Content-Length", "0"],
          ])
          .end(),
    ],
    "a character that is cut into two pieces": [
      (_, response) => {
        response.write(Buffer.from([0xc3]));
        setImmediate(() => response.end(Buffer.from([0xa9])));
      },
    ],
    "204 without a body": [(_, response) => response.writeHead(204).end()],
    "304 without a body": [(_, response) => response.writeHead(304, { etag: '"1"' }).end()],
    "404 with a body": [(_, response) => response.writeHead(404).end('{"error":{"code":"ContainerNotFound"}}')],
    "the head of a long body": [
      (_, response) => response.writeHead(200, { "content-length": 99 }).end(),
      { method: "HEAD" },
    ],
    "gzip, asked for": [
      (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed")),
      { headers: createHttpHeaders({ "Accept-Encoding": "gzip,deflate" }) },
    ],
    "deflate, asked for": [
      (_, response) => response.writeHead(200, { "content-encoding": "deflate" }).end(deflateSync("packed")),
      { headers: createHttpHeaders({ "Accept-Encoding": "gzip,deflate" }) },
    ],
    "gzip that is none, asked for": [
      (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("plain"),
      { headers: createHttpHeaders({ "Accept-Encoding": "gzip,deflate" }) },
    ],
    "an early hint before it": [
      (_, response) => {
        response.writeEarlyHints({ link: "</a>; rel=preload" });
        response.end("late");
      },
    ],
    "nothing but a closed connection": [(request) => request.socket.destroy()],
    "half a body": [
      (request, response) => {
        response.writeHead(200, { "content-length": 10 }).write("half");
        setImmediate(() => request.socket.destroy());
      },
    ],
    "half a body in chunks": [
      (request, response) => {
        response.write("half");
        setImmediate(() => request.socket.destroy());
      },
    ],
    "no answer within the request's time": [() => {}, { timeout: 50 }],
    "its own text back": [
      (request, response) => request.pipe(response.writeHead(200, { "x-length": request.headers["content-length"] })),
      { method: "PUT", body: "häh?", headers: createHttpHeaders({ "Content-Type": "application/json" }) },
    ],
    "its own bytes back": [
      (request, response) => request.pipe(response),
      { method: "PUT", body: new Uint8Array([65, 66]).subarray(1) },
    ],
    "the length of no body": [
      (request, response) => response.end(`${request.headers["content-length"]}`),
      { method: "PUT" },
    ],
  };
  for (const [what, [handle, options = {}]] of Object.entries(answers)) {
    it(`answers ${what} as the SDKs' own`, async () => {
      const url = await serve(handle);
      const [own, client] = [createDefaultHttpClient(), createHttpClient()];
      const expected = await outcomeOf(own, ask(url, options));
      assert.deepEqual(await outcomeOf(client, ask(url, options)), expected);
    });
  }

  for (const path of [
    "",
    "/",
    "?a=/b/../c",
    "//a//",
    "/a.b/.c?d=1&e=x/y",
    "/a/../b",
    "/a/%2e%2E/b%20c",
    "/ä b?'é",
    "/a#b",
  ]) {
    it(`asks for ${JSON.stringify(path)} as the SDKs' own`, async () => {
      const url = await serve((request, response) => response.end(request.url));
      const expected = await outcomeOf(createDefaultHttpClient(), ask(`${url}${path}`));
      assert.deepEqual(await outcomeOf(createHttpClient(), ask(`${url}${path}`)), expected);
    });
  }

  it("reports a port where nobody listens as the SDKs' own", async () => {
    const url = await serve(() => {});
    const [server] = open.splice(0);
    await new Promise((resolve) => server?.close(resolve));
    const expected = await outcomeOf(createDefaultHttpClient(), ask(url));
    assert.deepEqual(await outcomeOf(createHttpClient(), ask(url)), expected);
  });

  it("reports an answer that is no HTTP as one that was not sent, which the SDKs do not repeat", async () => {
    const url = await serveBytes("SSH-2.0-x\r\n\r\n");
    const repeated = ["ETIMEDOUT", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND"];
    const failure = (await outcomeOf(createHttpClient(), ask(url))) as { readonly name: string; readonly code: string };
    assert.equal(failure.name, "RestError");
    assert(!repeated.includes(failure.code), failure.code);
  });

  it("gives up an answer of which the head came and the end does not", async () => {
    const url = await serve((_, response) => void response.write("half"));
    await assert.rejects(createHttpClient().sendRequest(ask(url, { timeout: 50 })), { name: "AbortError" });
  });

  it("decodes Brotli", async () => {
    const url = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync("packed")),
    );
    assert.equal((await createHttpClient().sendRequest(ask(url))).bodyAsText, "packed");
  });

  for (const [what, send] of [
    ["sent", (bytes: Buffer) => [bytes, {}] as const],
    ["packed", (bytes: Buffer) => [gzipSync(bytes), { "content-encoding": "gzip" }] as const],
  ] as const) {
    it(`takes an answer of as many bytes as it may have, and no more, as it was ${what}`, async () => {
      const client = createHttpClient({ mostBytes: 1_000 });
      const [enough, enoughHeaders] = send(Buffer.alloc(1_000, "a"));
      const url = await serve((_, response) => response.writeHead(200, enoughHeaders).end(enough));
      assert.equal((await client.sendRequest(ask(url))).bodyAsText?.length, 1_000);
      const [tooMuch, headers] = send(Buffer.alloc(1_001, "a"));
      const other = await serve((_, response) => response.writeHead(200, headers).end(tooMuch));
      await assert.rejects(client.sendRequest(ask(other)), {
        code: "PARSE_ERROR",
        message: /has more than 1000 bytes$/,
      });
    });
  }

  it("closes the connection of an answer without end", async () => {
    const closed = Promise.withResolvers<void>();
    const url = await serve((request, response) => {
      request.socket.once("close", () => closed.resolve());
      const more = () => void (response.write(Buffer.alloc(65_536)) && setImmediate(more));
      response.on("drain", more);
      more();
    });
    await assert.rejects(createHttpClient({ mostBytes: 1_000_000 }).sendRequest(ask(url)), { code: "PARSE_ERROR" });
    await closed.promise;
  });

  it("shows the head of an answer whose body breaks off", async () => {
    const heads: PipelineResponse[] = [];
    const url = await serve((request, response) => {
      response.writeHead(201, { "x-ms-request-id": "r1", "content-length": 10 }).write("half");
      setImmediate(() => request.socket.destroy());
    });
    const client = createHttpClient({ onHead: (head) => heads.push(head) });
    const request = ask(url, { method: "PUT" });
    await assert.rejects(client.sendRequest(request), { code: "PARSE_ERROR" });
    assert.deepEqual(
      heads.map(({ status, headers, request: about }) => [status, headers.get("X-MS-Request-Id"), about === request]),
      [[201, "r1", true]],
    );
  });

  it("aborts before, while it waits for an answer, and in the middle of one", async () => {
    const asked = Promise.withResolvers<void>();
    let count = 0;
    const silent = await serve(() => {
      count += 1;
      asked.resolve();
    });
    const half = await serve((_, response) => void response.write("half"));
    const client = createHttpClient();
    await assert.rejects(client.sendRequest(ask(silent, { abortSignal: AbortSignal.abort() })), { name: "AbortError" });
    assert.equal(count, 0);
    const waiting = new AbortController();
    const waits = assert.rejects(client.sendRequest(ask(silent, { abortSignal: waiting.signal })), {
      name: "AbortError",
    });
    await asked.promise;
    waiting.abort();
    await waits;
    const reading = new AbortController();
    const aborting = createHttpClient({ onHead: () => setImmediate(() => reading.abort()) });
    await assert.rejects(aborting.sendRequest(ask(half, { abortSignal: reading.signal })), { name: "AbortError" });
  });

  it("keeps its connections for requests that follow each other", async () => {
    const { url, ports } = await serveAndNotePorts();
    const client = createHttpClient();
    for (let count = 0; count < 20; count++) await client.sendRequest(ask(url));
    // undici uses one again only in the next turn of the event loop.
    assert(ports.size <= 2, `${ports.size}`);
  });

  it("shares them among the requests that come first, all at once", async () => {
    const { url, ports } = await serveAndNotePorts();
    const client = createHttpClient();
    await Promise.all(Array.from({ length: 100 }, () => client.sendRequest(ask(url))));
    assert(ports.size <= 64, `${ports.size}`);
  });

  it("sends a write once, also where the server closes the connection that was kept", async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      seen.push(`${request.method}`);
      // As a server does whose patience with an idle connection ends just then.
      if (request.method === "PUT") request.socket.destroy();
      else response.end("x");
    });
    const client = createHttpClient();
    await client.sendRequest(ask(url));
    await assert.rejects(client.sendRequest(ask(url, { method: "PUT", body: "{}" })), { code: "ECONNRESET" });
    assert.deepEqual(seen, ["GET", "PUT"]);
    await client.sendRequest(ask(url));
  });

  it("refuses plain HTTP unless it is allowed, and bodies that are streams", async () => {
    const url = await serve((_, response) => response.end("x"));
    const client = createHttpClient();
    await assert.rejects(client.sendRequest(createPipelineRequest({ url })), /allowInsecureConnection is false/);
    const body = new Blob(["x"]);
    await assert.rejects(client.sendRequest(ask(url, { method: "PUT", body })), /no streams, forms or blobs/);
  });

  it("lets a process end while a connection is kept", async () => {
    const url = await serve((_, response) => response.end("x"));
    const client = new URL("../../../src/azure/http-client.ts", import.meta.url).href;
    const script = `import { createPipelineRequest } from "@azure/core-rest-pipeline";
      import { createHttpClient } from ${JSON.stringify(client)};
      const request = createPipelineRequest({ url: ${JSON.stringify(url)}, allowInsecureConnection: true });
      await createHttpClient().sendRequest(request);`;
    const cwd = new URL("../../..", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd, stdio: "inherit" });
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
  });
});
