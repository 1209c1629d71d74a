// Requests that no sidecar would send: generated messages for every RPC, every StorageClass parameter, and bytes that are
// no protobuf at all. The service must not crash, and a refused request must not reach Azure.
import assert from "node:assert/strict";
import http2 from "node:http2";
import { connect } from "node:net";
import { type ServiceDefinition, status } from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import fc from "fast-check";
import { PARAMETERS } from "../../src/backend/blob/parameters.ts";
import { type CreateVolumeRequestInit, descriptor, loaderOptions } from "../../src/csi/proto.generated.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { isFull, percentile, report } from "./support/figures.ts";
import { DAMAGES, frame, METHODS, NO_HTTP2, post } from "./support/malformed.ts";

/** Generated requests for each property. */
const RUNS = isFull ? 5_000 : 400;

/** Codes that mean "this request is refused", and that the caller can act on. */
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
    report(
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

  /** The code of the answer. A refusal must not have called Azure, and nothing may be an internal error. */
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
    assert.doesNotMatch(failure.details, /\n\s+at |node_modules|internal error/, "a stack, or a bug of the driver");
    if (failure.code === status.INVALID_ARGUMENT || failure.code === status.OUT_OF_RANGE) {
      // Only Azure knows that a region or a SKU is invalid: then Azure refuses it, and nothing is created.
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

  it("is refused in every field of CreateVolume", () =>
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

  it("in any StorageClass parameter is refused or gives a keyless account", () =>
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

  it("as a volume id of DeleteVolume, ControllerExpandVolume and ValidateVolumeCapabilities changes nothing", async () => {
    const held = { accounts: app.emulator.world.accounts.size, containers: app.emulator.world.containers.size };
    await fc.assert(
      fc.asyncProperty(volumeId, range, fc.array(capability, { maxLength: 2 }), async (id, sizes, capabilities) => {
        await codeOf(() => app.csi.controller("DeleteVolume", { volume_id: id }));
        const isReadOnly = app.armCalls().every(({ method }) => method === "GET");
        assert(isReadOnly, "a volume that is not ours was changed");
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

  it("as a token of ListVolumes is refused", () =>
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

  /** Sends each body as a call; a refused one must not have called Azure. */
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

  it("that is no protobuf gets an answer from every method", () =>
    postAll(
      fc
        .tuple(
          fc.constantFrom(...METHODS),
          fc.uint8Array({ maxLength: 200 }),
          fc.constantFrom("framed", "wrong length", "compressed flag", "bare"),
        )
        .map(([method, bytes, form]) => [method, frame(bytes, form)] as const),
    ));

  it("that is a valid message with bytes changed, cut, doubled or nested gets an answer", () =>
    postAll(
      fc
        .tuple(fc.constantFrom(...METHODS), fc.nat(), fc.nat(), fc.constantFrom(...Object.values(DAMAGES)))
        .map(([method, position, byte, damage]) => {
          const whole = services["csi.v1.Controller"]?.["CreateVolume"]?.requestSerialize(
            createRequest(app.emulator, { isolation: "volume" }),
          );
          assert(whole !== undefined);
          return [method, frame(damage(whole, position % whole.length, byte % 256), "framed")] as const;
        }),
    ));

  it("that is too large is refused", async () => {
    const request = createRequest(app.emulator, { tags: "x".repeat(5 * 2 ** 20) });
    app.forgetCalls();
    requests += 1;
    await assert.rejects(app.csi.controller("CreateVolume", request), { code: status.RESOURCE_EXHAUSTED });
    assert.deepEqual(app.armCalls(), []);
  });

  it("that is no HTTP/2 does no more than close its connection", async () => {
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

/** Codes that mean that the request was not understood, or was refused before it was handled. */
const REFUSED_UNREAD = [status.INVALID_ARGUMENT, status.INTERNAL, status.UNIMPLEMENTED, status.RESOURCE_EXHAUSTED];

const services = protoLoader.fromJSON(descriptor, loaderOptions) as Record<string, ServiceDefinition>;

function assertOnlyKeyless({ emulator }: EmulatedApp): void {
  for (const { name, properties } of emulator.world.accounts.values()) {
    assert.equal(properties["allowSharedKeyAccess"], false, name);
    assert.equal(properties["allowBlobPublicAccess"], false, name);
  }
  assert.deepEqual(emulator.calls.report().alarms, []);
}
