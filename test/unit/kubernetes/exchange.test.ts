// One answer of the API server over undici's dispatcher: its time limit, its size limit, and what ends before it was sent.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import { Exchange, type ExchangeOptions } from "../../../src/kubernetes/exchange.ts";

const NO_LIMITS: ExchangeOptions = { timeoutMs: 60_000, mostBytes: Number.POSITIVE_INFINITY };

describe("an answer of the API server", () => {
  let server: Server;
  let agent: Agent;
  let origin: string;
  let answer: (response: ServerResponse, request: IncomingMessage) => void;
  let requests: number;

  before(async () => {
    server = createServer((request, response) => {
      requests += 1;
      answer(response, request);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    [agent, requests] = [new Agent(), 0];
  });
  afterEach(() => agent.destroy());
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const send = (exchange: Exchange) => {
    agent.dispatch({ origin, path: "/", method: "GET" }, exchange);
    return exchange.answer;
  };
  /** Resolves when the other side has closed the connection of a request that gets `parts`, and no end. */
  const unfinished = (...parts: readonly string[]) =>
    new Promise<void>((closed) => {
      answer = (response) => {
        response.once("close", closed);
        response.flushHeaders();
        for (const part of parts) response.write(part);
      };
    });

  it("is gathered from its parts, with its status and headers", async () => {
    answer = (response) => {
      response.writeHead(404, { "content-type": "a/b" }).write("Gr");
      // The character's two bytes come one by one.
      response.write(Buffer.from([0xc3]), () => response.end(Buffer.from([0xbc, 0x21])));
    };
    const { status, headers, body } = await send(new Exchange(NO_LIMITS));
    assert.deepEqual([status, headers["content-type"], body], [404, "a/b", { bytes: 5, text: "Grü!" }]);
  });

  it("that does not end in time is a TimeoutError, and its connection is closed", async () => {
    const closed = unfinished("{");
    await assert.rejects(send(new Exchange({ ...NO_LIMITS, timeoutMs: 50 })), { name: "TimeoutError" });
    await closed;
  });

  it("that is longer than its limit has no text, and its connection is closed", async () => {
    const closed = unfinished("12345", "6");
    const { body } = await send(new Exchange({ ...NO_LIMITS, mostBytes: 5 }));
    assert.deepEqual([body.bytes > 5, body.text], [true, undefined]);
    await closed;
  });

  it("that breaks off is an error", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    };
    await assert.rejects(send(new Exchange(NO_LIMITS)), { code: "UND_ERR_SOCKET" });
  });

  it("that was given up is not asked for", async () => {
    const exchange = new Exchange(NO_LIMITS);
    exchange.fail(new Error("given up"));
    assert(exchange.isOver);
    await assert.rejects(send(exchange), /given up/);
    // Behind it, so that the other one would have come.
    answer = (response) => response.end("{}");
    assert.equal((await send(new Exchange(NO_LIMITS))).body.text, "{}");
    assert.equal(requests, 1);
  });
});
