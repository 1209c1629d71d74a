// Compares proto/csi.proto with the specification's own file, and the generated TypeScript with proto/csi.proto.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { generated } from "../../scripts/generate.ts";
import { officialProto } from "../support/tools.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

describe("proto/csi.proto", () => {
  let ours: protobuf.Namespace;
  let official: protobuf.Namespace;

  before(async function () {
    this.timeout(120_000); // the first run downloads the Go module
    ours = parse(await readFile(resolve(repository, "proto/csi.proto"), "utf8"));
    official = parse(await readFile(await officialProto(), "utf8"));
  });

  it("has the specification's package name", () => {
    assert.equal(ours.fullName, official.fullName);
  });

  it("has every message exactly as in the specification: fields, numbers, types, labels, maps, oneofs, reserved", () => {
    const messages = all(ours).filter((thing) => thing instanceof protobuf.Type);
    assert.ok(messages.length >= 40, `only ${messages.length} messages were read`);
    for (const message of messages) {
      const theirs = official.root.lookupType(message.fullName);
      assert.deepEqual(describeMessage(message), describeMessage(theirs), message.fullName);
    }
  });

  it("has every enum exactly as in the specification", () => {
    const enums = all(ours).filter((thing) => thing instanceof protobuf.Enum);
    assert.ok(enums.length >= 4, `only ${enums.length} enums were read`);
    for (const ourEnum of enums) {
      const theirs = official.root.lookupEnum(ourEnum.fullName);
      assert.deepEqual(
        { values: ourEnum.values, reserved: ourEnum.reserved ?? [] },
        { values: theirs.values, reserved: theirs.reserved ?? [] },
        ourEnum.fullName,
      );
    }
  });

  it("has every call exactly as in the specification: request, response, streaming", () => {
    const services = all(ours).filter((thing) => thing instanceof protobuf.Service);
    assert.deepEqual(services.map((service) => service.name).sort(), ["Controller", "Identity"]);
    for (const service of services) {
      const theirs = official.root.lookupService(service.fullName);
      for (const method of service.methodsArray) {
        const theirMethod = theirs.methods[method.name];
        assert.ok(theirMethod, `the specification has no ${service.name}.${method.name}`);
        assert.deepEqual(describeMethod(method), describeMethod(theirMethod), `${service.name}.${method.name}`);
      }
    }
  });

  it("has the whole Identity service, and the Controller service without snapshots, publishing and health", () => {
    const missing = ["Identity", "Controller"].flatMap((name) => {
      const known = ours.lookupService(name).methods;
      return Object.keys(official.lookupService(name).methods).filter((method) => !(method in known));
    });
    for (const method of missing) assert.match(method, /Snapshot|PublishVolume|UnpublishVolume|VolumeHealth/);
  });
});

describe("generated files", () => {
  for (const [path, make] of generated) {
    it(`${path} is what npm run generate writes now`, async () => {
      const isSame = (await readFile(resolve(repository, path), "utf8")) === (await make());
      assert.ok(isSame, `${path} is out of date: run npm run generate`);
    });
  }

  it("are identical each time they are generated", async () => {
    for (const [path, make] of generated) assert.equal(await make(), await make(), path);
  });
});

function parse(text: string): protobuf.Namespace {
  const root = new protobuf.Root();
  const { package: name } = protobuf.parse(text, root, { keepCase: true });
  const namespace = root.lookup(name ?? "");
  assert.ok(namespace instanceof protobuf.Namespace, `package ${name}`);
  return namespace;
}

function all(namespace: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
  return namespace.nestedArray.flatMap((thing) =>
    thing instanceof protobuf.Namespace ? [thing, ...all(thing)] : [thing],
  );
}

function describeMessage(message: protobuf.Type): unknown {
  const fields = message.fieldsArray.map((field) => ({
    name: field.name,
    number: field.id,
    type: typeName(field.type),
    keyType: field instanceof protobuf.MapField ? field.keyType : undefined,
    repeated: field.repeated,
    isMap: field.map,
    oneof: field.partOf?.name,
  }));
  fields.sort((a, b) => a.number - b.number);
  return { fields, reserved: message.reserved ?? [] };
}

function describeMethod(method: protobuf.Method): unknown {
  return {
    request: typeName(method.requestType),
    response: typeName(method.responseType),
    requestStream: Boolean(method.requestStream),
    responseStream: Boolean(method.responseStream),
  };
}

/** `.google.protobuf.BoolValue` and `google.protobuf.BoolValue` are the same type. */
function typeName(written: string): string {
  return written.replace(/^\./, "");
}
