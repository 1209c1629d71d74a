// The generated descriptor over a real socket: what a message contains after a round trip through gRPC.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import protobuf from "protobufjs";
import {
  type CreateVolumeRequest,
  type CreateVolumeRequestInit,
  descriptor,
  loaderOptions,
} from "../../src/csi/proto.generated.ts";
import { connectCsi } from "../support/csi-client.ts";
import { officialProto } from "../support/tools.ts";

const request: CreateVolumeRequestInit = {
  name: "pvc-1",
  capacity_range: { required_bytes: "9007199254740993", limit_bytes: "9223372036854775807" },
  volume_capabilities: [
    { mount: { fs_type: "x", mount_flags: ["-o a"] }, access_mode: { mode: "SINGLE_NODE_MULTI_WRITER" } },
    { block: {}, access_mode: { mode: 77 } },
  ],
  parameters: { "csi.storage.k8s.io/pv/name": "pvc-1" },
  volume_content_source: { volume: { volume_id: "other" } },
};

describe("the generated descriptor", () => {
  let folder: string;
  let server: grpc.Server;
  let arrived: CreateVolumeRequest | undefined;
  let client: ReturnType<typeof connectCsi>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-wire-"));
    const services = protoLoader.fromJSON(descriptor, loaderOptions);
    server = new grpc.Server();
    server.addService(services["csi.v1.Identity"] as grpc.ServiceDefinition, {
      Probe: (_call: unknown, answer: grpc.sendUnaryData<unknown>) => answer(null, { ready: { value: true } }),
    });
    server.addService(services["csi.v1.Controller"] as grpc.ServiceDefinition, {
      CreateVolume: (call: { request: CreateVolumeRequest }, answer: grpc.sendUnaryData<unknown>) => {
        arrived = call.request;
        answer(null, { volume: { volume_id: "rg#a#c", capacity_bytes: "9007199254740993" } });
      },
    });
    const address = `unix://${join(folder, "csi.sock")}`;
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    client = connectCsi(address);
  });

  after(async () => {
    client.close();
    server.forceShutdown();
    await rm(folder, { recursive: true });
  });

  it("keeps 64-bit sizes exact, as decimal strings, both ways", async () => {
    const { volume } = await client.controller("CreateVolume", request);
    assert.equal(volume?.capacity_bytes, "9007199254740993");
    assert.deepEqual(arrived?.capacity_range, {
      required_bytes: "9007199254740993",
      limit_bytes: "9223372036854775807",
    });
  });

  it("names the member of a oneof that is set, and decodes known enum values to names, unknown ones to numbers", async () => {
    await client.controller("CreateVolume", request);
    const [mounted, block] = arrived?.volume_capabilities ?? [];
    assert.deepEqual([mounted?.access_type, mounted?.access_mode?.mode], ["mount", "SINGLE_NODE_MULTI_WRITER"]);
    assert.deepEqual([block?.access_type, block?.access_mode?.mode], ["block", 77]);
    assert.deepEqual(arrived?.volume_content_source, { volume: { volume_id: "other" }, type: "volume" });
  });

  it("fills in what was not sent: empty maps and lists, null messages", async () => {
    await client.controller("CreateVolume", { name: "pvc-2" });
    assert.deepEqual(arrived, {
      name: "pvc-2",
      capacity_range: null,
      volume_capabilities: [],
      parameters: {},
      secrets: {},
      volume_content_source: null,
      accessibility_requirements: null,
      mutable_parameters: {},
    });
  });

  it("carries google.protobuf.BoolValue as an object", async () => {
    assert.deepEqual(await client.identity("Probe", {}), { ready: { value: true } });
  });

  it("encodes a request to bytes that the specification's own file decodes to the same request", async () => {
    const official = new protobuf.Root();
    protobuf.parse(await readFile(await officialProto(), "utf8"), official, { keepCase: true });
    official.addJSON(protobuf.common.get("google/protobuf/wrappers.proto")?.nested ?? {});
    official.addJSON(protobuf.common.get("google/protobuf/timestamp.proto")?.nested ?? {});
    const theirs = official.lookupType("csi.v1.CreateVolumeRequest");
    const ours = protobuf.Root.fromJSON(descriptor).lookupType("csi.v1.CreateVolumeRequest");
    const bytes = ours.encode(ours.fromObject(request)).finish();
    assert.deepEqual(
      theirs.toObject(theirs.decode(bytes), loaderOptions),
      ours.toObject(ours.decode(bytes), loaderOptions),
    );
    assert.equal(theirs.toObject(theirs.decode(bytes), loaderOptions)["name"], "pvc-1");
  });
});
