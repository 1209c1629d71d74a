// A StorageClass may have 512 parameters and 256 KiB, annotations have 256 KiB: what is refused gets an answer that gRPC can
// carry, with what to do. An answer that is too large resets the stream, and the claim has no event.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { PARAMETERS } from "../../src/backend/blob/parameters.ts";
import type { CreateVolumeRequestInit } from "../../src/csi/proto.generated.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { createRequest, type EmulatedApp } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";

const KIB = 1024;
const LARGE = 256 * KIB;
/** With the call's id. Kubernetes cuts an event at 1 KiB, Go's and C's gRPC refuse headers of more than 8 KiB. */
const MOST_BYTES = 4_200;

describe("a request of 256 KiB", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  before(async () => {
    ({ app, cluster } = await startAppInCluster());
  });
  after(() => app.stop());

  /** For a claim that exists, by whatever ServiceAccount and client id. */
  function claimOf(serviceAccount: string, clientId: string): CreateVolumeRequestInit {
    const uid = randomUUID();
    cluster.claims.set(`demo/${uid}`, { uid, isBoundLate: false, serviceAccount });
    cluster.serviceAccounts.set(`demo/${serviceAccount}`, clientId);
    const parameters = {
      identity: "serviceAccount",
      "csi.storage.k8s.io/pvc/name": uid,
      "csi.storage.k8s.io/pvc/namespace": "demo",
    };
    return createRequest(app.emulator, {}, { name: `pvc-${uid}`, parameters });
  }
  const creating = (parameters: Record<string, string>, overrides: Partial<CreateVolumeRequestInit> = {}) =>
    app.csi.controller("CreateVolume", createRequest(app.emulator, parameters, overrides));
  const many = (count: number, make: (index: number) => [string, string]) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)));

  const requests: Readonly<Record<string, readonly [ask: () => Promise<unknown>, words: RegExp]>> = {
    "of 512 unknown parameters": [
      () => creating(many(512, (index) => [`${"n".repeat(500)}${index}`, "x"])),
      /^StorageClass parameters \(512 problems, the first 10\): n+… is not a parameter of this driver: remove it; .*; and 502 more/,
    ],
    "of one long value": [
      () => creating({ location: "x".repeat(LARGE) }),
      /^StorageClass parameters: location "x+…" is not valid: give an Azure region/,
    ],
    "of one value in another script": [
      () => creating({ location: "ü".repeat(LARGE / 2) }),
      /location "ü+…" is not valid: give/,
    ],
    "of a long value for each parameter": [
      () => creating(Object.fromEntries(PARAMETERS.map(({ name }) => [name, "😀".repeat(2 * KIB)]))),
      /^StorageClass parameters \((?:[2-9]\d) problems, the first 10\): \w+ "😀+…" /u,
    ],
    "of a long delimiter": [
      () => creating({ tags: "a", tagValueDelimiter: "d".repeat(LARGE) }),
      /tags "a" is not valid: write pairs as key=value; pairs are separated by "d+…"/,
    ],
    "of 40,000 mutable parameters": [
      () => creating({}, { mutable_parameters: many(40_000, (index) => [`m${index}`, ""]) }),
      /not supported \(m0, m1, .*, and 39990 more\): remove the VolumeAttributesClass/,
    ],
    "of a long name": [() => creating({}, { name: "n".repeat(LARGE) }), /name has 262144 bytes: at most 128/],
    "of a long ServiceAccount": [
      () => app.csi.controller("CreateVolume", claimOf("s".repeat(LARGE), "")),
      /"s+…" is not a ServiceAccount's name: correct the annotation/,
    ],
    "of a long client id": [
      () => app.csi.controller("CreateVolume", claimOf("app", "c".repeat(LARGE))),
      /names client id "c+…", which is not a user-assigned identity .* or ask the platform team/,
    ],
    "of a long name of a claim": [
      () =>
        creating(
          { "csi.storage.k8s.io/pvc/name": "n".repeat(LARGE), "csi.storage.k8s.io/pvc/namespace": "demo" },
          { name: `pvc-${randomUUID()}` },
        ),
      /^claim demo\/n+… of volume pvc-\S+ was deleted or recreated/,
    ],
    "of a long token": [
      () => app.csi.controller("ListVolumes", { starting_token: "t".repeat(LARGE) }),
      /starting_token "t+…" was not returned by this driver: list again from the start/,
    ],
    "of a long volume id": [
      () =>
        app.csi.controller("ControllerExpandVolume", {
          volume_id: `keyless#${"v".repeat(LARGE)}#c`,
          capacity_range: { required_bytes: "1" },
        }),
      /^volume keyless#v+… does not exist/,
    ],
  };

  for (const [what, [ask, words]] of Object.entries(requests)) {
    it(`${what} gets an answer that says what to do`, async () => {
      app.forgetCalls();
      const error = await ask().then(
        () => assert.fail("accepted"),
        (refusal: { code: status; details: string }) => refusal,
      );
      assert.match(error.details, words);
      assert(encodeURI(error.details).length <= MOST_BYTES, `${encodeURI(error.details).length} bytes`);
      assert.notEqual(error.code, status.INTERNAL);
      assert.deepEqual(
        app.armCalls().filter(({ method }) => method !== "GET"),
        [],
      );
    });
  }

  const withFlags = (request: CreateVolumeRequestInit, mount_flags: string[]) => ({
    ...request,
    volume_capabilities: [{ mount: { mount_flags }, access_mode: { mode: "SINGLE_NODE_MULTI_WRITER" as const } }],
  });

  it("of 40,000 mount options is refused before they are read", async () => {
    const flags = Array.from({ length: 40_000 }, (_, index) => `-o opt${index}`);
    app.forgetCalls();
    const refusal = app.csi.controller("CreateVolume", withFlags(createRequest(app.emulator), flags));
    const details = /^mount_flags have 4\d{5} bytes: CSI allows 4096; shorten the mountOptions of the StorageClass/;
    await assert.rejects(refusal, { code: status.INVALID_ARGUMENT, details });
    assert.deepEqual(app.armCalls(), []);
  });

  it("of as many mount options as CSI allows creates a volume with a warning that fits an event", async () => {
    const request = claimOf("workload-a", app.emulator.info.identities[0]?.clientId ?? "");
    const words = Array.from({ length: 440 }, (_, index) => `word-${index}`);
    await app.csi.controller("CreateVolume", withFlags(request, ["-o allow_other", "--block-cache", ...words]));
    assert(cluster.warnings.some(({ message }) => message.includes("`word-0` (and 439 more)")));
    for (const { message } of cluster.warnings) assert(Buffer.byteLength(message) <= KIB, message);
  });

  it("of Azure's side, with half a character where it is cut, gets an answer too", async () => {
    const message = `${"x".repeat(399)}😀 ${"y".repeat(LARGE)} \\ud800`;
    const body = `{"error":{"code":"AuthorizationFailed","message":"${message}"}}`;
    app.emulator.faults.add({ match: { service: "arm" }, times: -1, action: { status: 403, body } });
    const { details } = await creating({ location: "northeurope" }).then(
      () => assert.fail("accepted"),
      (refusal: { details: string }) => refusal,
    );
    app.emulator.faults.clear();
    assert.match(
      details,
      /AuthorizationFailed, HTTP 403\): x+…y+… \(\d+ characters\); give the controller's identity the roles/,
    );
  });

  it("leaves no long line in the log", () => {
    const lines = app.log().split("\n");
    assert(lines.length > Object.keys(requests).length);
    // A message, its cause, its stack.
    const longest = Math.max(...lines.map((line) => line.length));
    assert(longest < 48 * KIB, `${longest}`);
  });
});
