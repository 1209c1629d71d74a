// Requests that no sidecar would send: generated messages for every RPC, every StorageClass parameter, and bytes that are
// no protobuf at all. Nothing may crash, nothing may reach Azure that is refused.
import assert from "node:assert/strict";
import http2 from "node:http2";
import { connect } from "node:net";
import { type ServiceDefinition, status } from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import fc from "fast-check";
import { PARAMETERS } from "../../src/backend/blob/parameters.ts";
import { type CreateVolumeRequestInit, descriptor, loaderOptions } from "../../src/csi/proto.generated.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { isFull, percentile, tell } from "./support/figures.ts";

/** Generated requests for each property. */
const RUNS = isFull ? 5_000 : 400;

/** Codes that say "this request is refused", against which the caller can do something. */
const REFUSALS = [
  status.INVALID_ARGUMENT,
  status.OUT_OF_RANGE,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.UNIMPLEMENTED,
];

describe("hostile input", function () {
  this.timeout(300_000);
  let app: EmulatedApp;
  const latencies: number[] = [];
  const malformed: number[] = [];
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  let requests = 0;

  before(async () => {
    process.on("unhandledRejection", note);
    app = await startEmulatedApp();
    await create(app, createRequest(app.emulator)); // signed in, warm
  });
  after(async () => {
    process.off("unhandledRejection", note);
    await app?.stop();
    tell(
      8,
      `${requests} hostile requests: 0 crashes, 0 unhandled rejections, 0 calls to Azure for a refused one, ` +
        `refusal p99 ${percentile(latencies, 0.99).toFixed(1)} ms, of malformed ones ${percentile(malformed, 0.99).toFixed(1)} ms`,
    );
  });
  afterEach(async () => {
    assert.deepEqual(unhandled, []);
    const { ready } = await app.csi.identity("Probe", {});
    assert.equal(ready?.value, true);
  });

  /** The code; a refusal must not have asked Azure, and nothing is ever an internal error. */
  async function codeOf(work: () => Promise<unknown>): Promise<status> {
    app.forgetCalls();
    requests += 1;
    const begun = performance.now();
    const failure = await work().then(
      () => undefined,
      (error: { code: status; details: string }) => error,
    );
    if (failure === undefined) return status.OK;
    latencies.push(performance.now() - begun);
    assert(REFUSALS.includes(failure.code), `${status[failure.code]}: ${failure.details}`);
    assert.doesNotMatch(failure.details, /\n\s+at |node_modules|internal error/, "a stack, or a fault of ours");
    if (failure.code === status.INVALID_ARGUMENT || failure.code === status.OUT_OF_RANGE) {
      // A region or a SKU that only Azure knows to be wrong is refused by Azure, and nothing is made.
      const isAzures = / HTTP 4\d\d\)/.test(failure.details);
      const calls = app.armCalls().filter(({ method, status: code }) => !isAzures || (method !== "GET" && code < 300));
      assert.deepEqual(calls, [], failure.details);
    }
    return failure.code;
  }

  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ maxLength: 300 }),
    fc.constantFrom(
      ...[
        "",
        " ",
        "..",
        "../../etc/passwd",
        "%2e%2e%2f",
        "\u0000",
        "a\u0000b",
        "#",
        "###",
        "a#b#c###d",
        "\u202e",
        "\ud800",
      ],
      ...[
        "true",
        "TRUE",
        "0",
        "-1",
        "1e9",
        "NaN",
        "9223372036854775807",
        "'; drop",
        "$(id)",
        "__proto__",
        "constructor",
      ],
      "x".repeat(129),
      "ü".repeat(65),
    ),
  );
  const dictionary = fc.dictionary(anyText, anyText, { maxKeys: 6, noNullPrototype: true });
  const int64 = fc
    .oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(0n, 1n, -1n, 2n ** 53n, 2n ** 63n - 1n),
    )
    .map(String);
  const capability = fc.record(
    {
      mount: fc.record({
        fs_type: anyText,
        mount_flags: fc.array(anyText, { maxLength: 3 }),
        volume_mount_group: anyText,
      }),
      block: fc.constant({}),
      access_mode: fc.record({ mode: fc.integer({ min: -2, max: 12 }) }),
    },
    { requiredKeys: [] },
  );
  const range = fc.record({ required_bytes: int64, limit_bytes: int64 }, { requiredKeys: [] });

  it("CreateVolume with anything in every field", () =>
    fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            name: anyText,
            capacity_range: range,
            volume_capabilities: fc.array(capability, { maxLength: 3 }),
            parameters: dictionary,
            secrets: dictionary,
            mutable_parameters: dictionary,
          },
          { requiredKeys: ["name"] },
        ),
        async (request) => {
          const code = await codeOf(() => app.csi.controller("CreateVolume", request as CreateVolumeRequestInit));
          assert.notEqual(code, status.OK, "no clientID was given");
        },
      ),
      { numRuns: RUNS },
    ));

  it("every StorageClass parameter with any value", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PARAMETERS.map(({ name }) => name)),
        fc.oneof(anyText, fc.constantFrom("volume", "namespace", "serviceAccount", "account", "Standard_ZRS", "0700")),
        async (name, value) => {
          const request = createRequest(app.emulator, { [name]: value });
          const code = await codeOf(() => app.csi.controller("CreateVolume", request));
          if (code !== status.OK) return;
          assertOnlyKeyless(app);
        },
      ),
      { numRuns: RUNS },
    ));

  const subscription = fc.constantFrom(
    "5d1c0e7a-36b2-4f0d-9e84-7ab3c2d1f002",
    "99999999-9999-4999-8999-999999999999",
    "x",
  );
  const part = fc.oneof(
    anyText,
    fc.constantFrom("keyless", "klaaaaaaaaaaaaaaaaaaaaaa", "kl../../../..", "pvc-1", "v-a"),
  );
  const volumeId = fc.oneof(
    anyText,
    fc.tuple(part, part, part, subscription).map(([group, account, name, id]) => `${group}#${account}#${name}###${id}`),
    fc.array(part, { maxLength: 9 }).map((parts) => parts.join("#")),
  );

  it("DeleteVolume, ControllerExpandVolume and ValidateVolumeCapabilities of any volume id", async () => {
    const held = { accounts: app.emulator.world.accounts.size, containers: app.emulator.world.containers.size };
    await fc.assert(
      fc.asyncProperty(volumeId, range, fc.array(capability, { maxLength: 2 }), async (id, sizes, capabilities) => {
        await codeOf(() => app.csi.controller("DeleteVolume", { volume_id: id }));
        const isTried = app.armCalls().every(({ method }) => method === "GET");
        assert(isTried, "a volume that is not ours was written to");
        await codeOf(() => app.csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: sizes }));
        await codeOf(() =>
          app.csi.controller("ValidateVolumeCapabilities", {
            volume_id: id,
            volume_capabilities: capabilities as never,
            volume_context: { a: id },
          }),
        );
      }),
      { numRuns: RUNS },
    );
    const { accounts, containers } = app.emulator.world;
    assert.deepEqual({ accounts: accounts.size, containers: containers.size }, held);
  });

  it("ListVolumes with any token", () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyText,
          fc.json().map((text) => Buffer.from(text).toString("base64url")),
        ),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        async (token, most) => {
          await codeOf(() => app.csi.controller("ListVolumes", { starting_token: token, max_entries: most }));
        },
      ),
      { numRuns: RUNS },
    ));

  /** Bytes as the body of a call; whatever is refused has not asked Azure. */
  async function postAll(cases: fc.Arbitrary<readonly [method: string, body: Buffer]>): Promise<void> {
    const session = http2.connect("http://localhost", { createConnection: () => connect(app.config.socketPath) });
    session.on("error", () => {});
    const exchange = fc.asyncProperty(cases, async ([method, body]) => {
      app.forgetCalls();
      requests += 1;
      const begun = performance.now();
      const grpcStatus = await post(session, `/csi.v1.${method}`, body);
      assert(grpcStatus !== undefined, "no answer");
      malformed.push(performance.now() - begun);
      if (REFUSED_UNREAD.includes(Number(grpcStatus))) assert.deepEqual(app.armCalls(), [], `status ${grpcStatus}`);
    });
    await fc.assert(exchange, { numRuns: RUNS });
    session.destroy();
  }

  it("bytes that are no protobuf, under every method's name", () =>
    postAll(
      fc
        .tuple(
          fc.constantFrom(...METHODS),
          fc.uint8Array({ maxLength: 200 }),
          fc.constantFrom("framed", "wrong length", "compressed flag", "bare"),
        )
        .map(([method, bytes, form]) => [method, frame(bytes, form)] as const),
    ));

  it("messages that were whole once, with bytes changed, cut, doubled or nested", () =>
    postAll(
      fc
        .tuple(fc.constantFrom(...METHODS), fc.nat(), fc.nat(), fc.constantFrom(...Object.values(DAMAGES)))
        .map(([method, place, byte, damage]) => {
          const whole = services["csi.v1.Controller"]?.["CreateVolume"]?.requestSerialize(
            createRequest(app.emulator, { isolation: "volume" }),
          );
          assert(whole !== undefined);
          return [method, frame(damage(whole, place % whole.length, byte % 256), "framed")] as const;
        }),
    ));

  it("a message that is too large", async () => {
    const request = createRequest(app.emulator, { tags: "x".repeat(5 * 2 ** 20) });
    app.forgetCalls();
    requests += 1;
    await assert.rejects(app.csi.controller("CreateVolume", request), { code: status.RESOURCE_EXHAUSTED });
    assert.deepEqual(app.armCalls(), []);
  });

  it("connections that speak no HTTP/2", async () => {
    app.forgetCalls();
    const talk = fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...NO_HTTP2.map((text) => Buffer.from(text)))),
      async (bytes) => {
        requests += 1;
        await new Promise<void>((resolve) => {
          const socket = connect(app.config.socketPath);
          socket.on("error", () => {}).on("close", () => resolve());
          socket.resume().end(bytes);
        });
      },
    );
    await fc.assert(talk, { numRuns: RUNS / 4 });
    assert.deepEqual(app.armCalls(), []);
  });
});

/** Answers that mean that the request was not even understood, or not wanted. */
const REFUSED_UNREAD = [status.INVALID_ARGUMENT, status.INTERNAL, status.UNIMPLEMENTED, status.RESOURCE_EXHAUSTED];

const METHODS = [
  "Controller/CreateVolume",
  "Controller/DeleteVolume",
  "Controller/ControllerExpandVolume",
  "Controller/ValidateVolumeCapabilities",
  "Controller/ListVolumes",
  "Controller/ControllerGetCapabilities",
  "Identity/Probe",
  "Identity/GetPluginInfo",
  "Identity/GetPluginCapabilities",
  "Controller/NoSuchMethod",
];

const services = protoLoader.fromJSON(descriptor, loaderOptions) as Record<string, ServiceDefinition>;

type Damage = (whole: Buffer, place: number, byte: number) => Buffer;

/** What can happen to a message on its way. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  changed: (whole, place, byte) =>
    Buffer.concat([whole.subarray(0, place), Buffer.of(byte), whole.subarray(place + 1)]),
  cut: (whole, place) => whole.subarray(0, place),
  doubled: (whole, place) => Buffer.concat([whole, whole.subarray(place)]),
  inserted: (whole, place, byte) =>
    Buffer.concat([whole.subarray(0, place), Buffer.alloc(byte, 0xff), whole.subarray(place)]),
  // Protobuf: an unknown field that is a group in a group in a group, never closed.
  nested: (whole, _place, byte) => Buffer.concat([whole, Buffer.alloc(byte * 400, 0x7b)]),
  // A length of 2^32 - 1 and more, with nothing behind it.
  "endless length": (whole) => Buffer.concat([whole, Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)]),
};

const NO_HTTP2 = [
  "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000",
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\uffff".repeat(200)}`,
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
];

function assertOnlyKeyless({ emulator }: EmulatedApp): void {
  for (const { name, properties } of emulator.world.accounts.values()) {
    assert.equal(properties["allowSharedKeyAccess"], false, name);
    assert.equal(properties["allowBlobPublicAccess"], false, name);
  }
  assert.deepEqual(emulator.calls.report().alarms, []);
}

/** gRPC over HTTP/2: a flag byte, a length of four bytes, the message. */
function frame(bytes: Uint8Array, form: string): Buffer {
  if (form === "bare") return Buffer.from(bytes);
  const head = Buffer.alloc(5);
  head.writeUInt8(form === "compressed flag" ? 1 : 0, 0);
  head.writeUInt32BE(form === "wrong length" ? bytes.length + 7 : bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The gRPC status, or how the stream ended; undefined when nothing came within 10 s. */
function post(session: http2.ClientHttp2Session, path: string, body: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let answer: string | undefined;
    stream.setTimeout(10_000, () => stream.destroy());
    const take = (headers: http2.IncomingHttpHeaders) => {
      answer = String(headers["grpc-status"] ?? answer ?? headers[":status"]);
    };
    stream.on("response", take).on("trailers", take);
    stream.on("error", (error) => {
      answer ??= error.message;
    });
    stream.on("close", () => resolve(answer));
    stream.resume();
    stream.end(body);
  });
}
