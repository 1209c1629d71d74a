import assert from "node:assert/strict";
import { LONGEST_MESSAGE } from "../../../src/backend/backend.ts";
import { blobBackend } from "../../../src/backend/blob/backend.ts";
import { RECOMMENDED_OPTIONS } from "../../../src/backend/blob/mount-options.ts";
import { findMountProblems } from "../../../src/backend/blob/mount-problems.ts";
import { parseVolumeClass } from "../../../src/volume/class/parse-class.ts";
import { CLIENT, SETTINGS } from "../../support/volume-settings.ts";

const blobClass = parseVolumeClass({ clientID: CLIENT }, SETTINGS, blobBackend);

interface Asked {
  readonly accessModes?: readonly string[];
  readonly className?: string;
  readonly acceptsFileCache?: boolean;
}

function find(flags: readonly string[], { acceptsFileCache = false, ...asked }: Asked = {}) {
  const volumeClass = { ...blobClass, acceptsFileCache };
  const usual = { flags, accessModes: ["MULTI_NODE_MULTI_WRITER"], className: "keyless", volumeClass };
  return findMountProblems({ ...usual, ...asked });
}

const kinds = (flags: readonly string[], asked: Asked = {}) =>
  find(flags, asked).map(({ kind, isRefused }) => `${kind}${isRefused ? "!" : ""}`);

describe("what is wrong with a class's mount options", () => {
  it("nothing, as recommended, in every access mode", () => assert.deepEqual(kinds(RECOMMENDED_OPTIONS), []));

  for (const [mode, isRefused] of [
    ["SINGLE_NODE_WRITER", true],
    ["SINGLE_NODE_MULTI_WRITER", true],
    ["MULTI_NODE_MULTI_WRITER", true],
    ["MULTI_NODE_SINGLE_WRITER", true],
    ["SINGLE_NODE_SINGLE_WRITER", false], // ReadWriteOncePod
    ["SINGLE_NODE_READER_ONLY", false],
    ["MULTI_NODE_READER_ONLY", false],
  ] as const) {
    it(`the file cache in access mode ${mode} is ${isRefused ? "refused" : "accepted"}`, () => {
      assert.deepEqual(kinds(["-o allow_other"], { accessModes: [mode] }), isRefused ? ["FileCache!"] : []);
    });
  }

  it("one writable access mode among harmless ones counts", () => {
    assert.deepEqual(
      kinds(["--allow-other"], { accessModes: ["MULTI_NODE_READER_ONLY", "SINGLE_NODE_MULTI_WRITER"] }),
      ["FileCache!"],
    );
  });

  const table: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], ["FileCache!", "NoAllowOther"]],
    [["-o allow_other,ro"], []],
    [["-o allow_other", "--streaming"], []],
    [["-o allow_other", "--preload"], []],
    [["--block-cache"], ["NoAllowOther", "NoPoolSize"]],
    [["--allow-other --block-cache --block-cache-pool-size=256"], ["PoolTooSmall"]],
    [["--allow-other --block-cache --block-cache-pool-size=2048"], []],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-block-size=1"], []],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=11"], []],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=17"], ["PoolTooSmall"]],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=10"], ["PrefetchTooSmall"]],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=0"], []],
    [["--config-file=/etc/blobfuse2.yaml"], ["ConfigFile"]],
  ];
  for (const [flags, expected] of table) {
    it(`${JSON.stringify(flags)}: ${expected.join(", ") || "nothing"}`, () => assert.deepEqual(kinds(flags), expected));
  }

  it("a class that accepts the file cache gets it, and is still told what else is missing", () => {
    assert.deepEqual(kinds([], { acceptsFileCache: true }), ["NoAllowOther"]);
    const [fault] = find([], { acceptsFileCache: true });
    assert(!fault?.message.includes("--block-cache"), fault?.message);
  });

  it("every message has room in an event, however long the class's own options are", () => {
    const own = `-o ${"x".repeat(600)}=1`;
    for (const flags of [
      [],
      [own],
      ["--block-cache", own],
      ["--config-file=/x"],
      ["--allow-other=false --block-cache=0"],
    ]) {
      for (const { kind, message } of find(flags, { className: "a".repeat(63) })) {
        assert(message.length <= LONGEST_MESSAGE, `${kind} has ${message.length}: ${message}`);
      }
    }
    assert.match(
      find([own])[0]?.message ?? "",
      /kubectl edit storageclass keyless, and add to mountOptions: -o allow_other, --block-cache,/,
    );
  });

  it("the command in a message is one that a shell reads as it was meant", () => {
    const [fault] = find(["-o fsname='a'"]);
    assert.match(fault?.message ?? "", /"-o fsname='\\''a'\\''"/);
  });
});
