// What goes over the wire to the Blob service, beside what @azure/storage-blob sends, and what is sent again.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createHttpHeaders, createPipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import { ContainerClient } from "@azure/storage-blob";
import type { AuditOptions } from "../../../src/azure/audit.ts";
import { createBlobRetries } from "../../../src/azure/blob-retries.ts";
import { createBlobService } from "../../../src/azure/blob-service.ts";
import { codeOf } from "../../../src/azure/faults.ts";
import { createServerIdentity } from "../../../src/emulator/http/certificate.ts";

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const METADATA = { keyless_format: "1", keyless_pvc_name: "data" };
const PROPERTIES: Answer = { status: 200, headers: { etag: '"0x8DC"', "x-ms-meta-keyless_format": "1" } };
const TOKEN = { token: "a-token", expiresOnTimestamp: Date.now() + 3_600_000 };
/** Of the client, of the connection, and of each request. */
const OWN_HEADERS = ["user-agent", "connection", "accept-encoding", "x-ms-client-request-id", "x-ms-version", "host"];

describe("the Blob service's client", () => {
  let server: Server;
  let place: { readonly subscriptionId: string; readonly url: string; readonly resourceId: string };
  const seen: Seen[] = [];
  let answers: Answer[] = [];

  before(async () => {
    const { cert, key, ca } = await createServerIdentity(["127.0.0.1"]);
    setDefaultCACertificates([...getCACertificates("default"), ca]);
    server = createServer({ cert, key }, ({ method, url, headers }, response) => {
      seen.push({ method, url, headers });
      const { status, headers: more, body = "" } = answers.shift() ?? { status: 201 };
      response.writeHead(status, more).end(body);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/kl1/pvc-1`;
    place = { subscriptionId: "s", url, resourceId: "/subscriptions/s/c" };
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
    answers = [];
  });

  const slept: number[] = [];
  const clock = { ms: 0 };
  const connect = (audit: Partial<AuditOptions> = {}) =>
    createBlobService({
      credentialFor: () => ({ getToken: async () => TOKEN }),
      observeCall() {},
      audit: { written() {}, correlationId: () => undefined, ...audit },
      forgetTokens() {},
      now: () => clock.ms,
      async sleep(milliseconds) {
        slept.push(milliseconds);
        clock.ms += milliseconds;
      },
      retryDelayMs: 1,
    });
  const shown = ({ method, url, headers }: Seen) => [
    method,
    url,
    Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name))),
  ];

  it("sends what @azure/storage-blob sends to create a container and to read its properties", async () => {
    const theirs = new ContainerClient(place.url, { getToken: async () => TOKEN });
    const ours = connect();
    await theirs.create({ metadata: METADATA });
    await ours.createContainer(place, METADATA);
    answers = [PROPERTIES, PROPERTIES];
    await theirs.getProperties();
    await ours.readMetadata(place);
    const [create, createByUs, read, readByUs] = seen.map(shown);
    assert.deepEqual(createByUs, create);
    assert.deepEqual(readByUs, read);
    assert.match(String(create?.[1]), /\/kl1\/pvc-1\?restype=container$/);
  });

  it("sends the call's id, by which the account's own log names the caller", async () => {
    await connect({ correlationId: () => "the-call" }).createContainer(place, METADATA);
    assert.equal(seen[0]?.headers["x-ms-client-request-id"], "the-call");
  });

  it("reads metadata from an answer's headers", async () => {
    answers = [PROPERTIES];
    assert.deepEqual(await connect().readMetadata(place), { keyless_format: "1" });
  });

  it("reads no metadata from what another program answers", async () => {
    answers = [{ status: 200, body: "<html>Sign in to the network</html>" }];
    await assert.rejects(connect().readMetadata(place), /the answer is not one of the Blob service/);
  });

  it("tells a refusal by its header, with the first line of its words", async () => {
    const body = "<Error><Code>Else</Code><Message>It&apos;s being deleted.\nRequestId:1\nTime:2</Message></Error>";
    answers = [{ status: 409, headers: { "x-ms-error-code": "ContainerBeingDeleted" }, body }];
    const error: unknown = await connect()
      .createContainer(place, METADATA)
      .catch((refusal: unknown) => refusal);
    assert.equal(codeOf(error), "ContainerBeingDeleted");
    assert.equal((error as Error).message, "It's being deleted.");
  });

  it("takes no other success for a created container", async () => {
    answers = [{ status: 200 }];
    await assert.rejects(connect().createContainer(place, METADATA), RestError);
  });

  it("sends nothing to the account before the time that it asks for has passed", async () => {
    answers = [{ status: 503, headers: { "retry-after": "7" } }];
    slept.length = 0;
    await connect().createContainer(place, METADATA);
    assert.equal(seen.length, 2);
    assert.deepEqual(slept, [7_000]);
  });

  for (const [code, sent] of [
    ["ENOTFOUND", 7],
    ["EAI_AGAIN", 7],
    ["ECONNREFUSED", 7],
    ["ResourceNotFound", 7],
    ["ECONNRESET", 4],
    ["CERT_HAS_EXPIRED", 1],
  ] as const) {
    it(`sends a request ${sent} times that fails with ${code}`, async () => {
      let count = 0;
      const request = createPipelineRequest({ url: place.url });
      const failing = createBlobRetries(1).sendRequest(request, async () => {
        count += 1;
        throw new RestError("no", { code, request });
      });
      await assert.rejects(failing, { code });
      assert.equal(count, sent);
    });
  }

  for (const [status, sent] of [
    [500, 4],
    [503, 4],
    [408, 4],
    [429, 1],
    [501, 1],
    [403, 1],
    [409, 1],
  ] as const) {
    it(`sends a request ${sent} times that is answered with ${status}`, async () => {
      let count = 0;
      const request = createPipelineRequest({ url: place.url });
      const answer: PipelineResponse = { status, request, headers: createHttpHeaders() };
      const response = await createBlobRetries(1).sendRequest(request, async () => {
        count += 1;
        return answer;
      });
      assert.deepEqual([response.status, count], [status, sent]);
    });
  }
});
