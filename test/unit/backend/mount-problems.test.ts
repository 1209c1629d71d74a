import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blobBackend } from "../../../src/backend/blob/backend.ts";
import { RECOMMENDED_OPTIONS } from "../../../src/backend/blob/mount-options.ts";
import { findMountProblems } from "../../../src/backend/blob/mount-problems.ts";
import { LONGEST_MESSAGE } from "../../../src/text/cut.ts";
import { parseVolumeClass } from "../../../src/volume/class/parse-class.ts";
import { CLIENT, SETTINGS } from "../../support/volume-settings.ts";

const blobClass = parseVolumeClass({ clientID: CLIENT }, SETTINGS, blobBackend);

interface Asked {
  readonly accessModes?: readonly string[];
  readonly className?: string | undefined;
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
    [["-o allow_other", "--preload"], ["Preload"]],
    [["-o allow_other,ro", "--preload"], []],
    [["allow_other"], ["FileCache!", "StrayWord"]],
    [["-o", "allow_other", "--streaming"], ["StrayWord"]],
    [["-o allow_other", "--streaming", "false"], ["StrayWord"]],
    [["-o allow_other", "--lazy-write --streaming"], ["LazyWrite"]],
    [["-o allow_other,ro", "--lazy-write"], []],
    [["--block-cache"], ["NoAllowOther", "NoPoolSize"]],
    [["--allow-other --block-cache --block-cache-pool-size=256"], ["PoolTooSmall"]],
    [["--allow-other --block-cache --block-cache-pool-size=2048"], []],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-block-size=1"], []],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=11"], []],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=17"], ["PoolTooSmall"]],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=10"], ["PrefetchTooSmall"]],
    [["--allow-other --block-cache --block-cache-pool-size=256 --block-cache-prefetch=0"], []],
    [["--config-file=/etc/blobfuse2.yaml"], ["ConfigFile"]],
    [["--config-file=/x", "-o allow_other"], ["ConfigFile"]],
    [["--config-file=/x", "-o allow_other", "--block-cache=false"], ["ConfigFile"]],
    [["--config-file=/x", "--block-cache"], ["ConfigFile"]],
    [["--config-file=/x", "-o allow_other", "--block-cache"], []],
    [["--config-file=/x", "-o allow_other", "--block-cache --block-cache-prefetch=5"], ["PrefetchTooSmall"]],
    [["--config-file=/x", "-o allow_other", "--block-cache --block-cache-pool-size=8"], []],
    [["--config-file=/x", "-o allow_other", "--preload"], ["Preload"]],
    [
      ["--config-file=/x", "nonsense", "--lazy-write"],
      ["ConfigFile", "StrayWord", "LazyWrite"],
    ],
  ];
  for (const [flags, expected] of table) {
    it(`${JSON.stringify(flags)}: ${expected.join(", ") || "nothing"}`, () => assert.deepEqual(kinds(flags), expected));
  }

  it("a class that accepts the file cache gets it, and a warning for what else is missing", () => {
    assert.deepEqual(kinds([], { acceptsFileCache: true }), ["NoAllowOther"]);
    const [fault] = find([], { acceptsFileCache: true });
    assert(!fault?.message.includes("--block-cache"), fault?.message);
  });

  it("preload is for readers, and so is lazy writing", () => {
    const modes = (accessModes: readonly string[]) => kinds(["-o allow_other --preload --lazy-write"], { accessModes });
    assert.deepEqual(modes(["MULTI_NODE_READER_ONLY"]), []);
    assert.deepEqual(modes(["SINGLE_NODE_SINGLE_WRITER"]), ["Preload"]);
    const lazy = ["-o allow_other --lazy-write"];
    assert.deepEqual(kinds(lazy, { accessModes: ["SINGLE_NODE_SINGLE_WRITER"] }), ["LazyWrite"]);
    assert.deepEqual(kinds(lazy, { accessModes: ["SINGLE_NODE_READER_ONLY"] }), []);
  });

  const messageOf = (kind: string, flags: readonly string[], request: Asked = {}) =>
    find(flags, request).find((fault) => fault.kind === kind)?.message ?? assert.fail(`no ${kind}`);
  const classPatchIn = (message: string) => {
    const [, json = ""] = /kubectl patch storageclass keyless --type=merge -p '(\{.*?\})'\./.exec(message) ?? [];
    return (JSON.parse(json) as { mountOptions: string[] }).mountOptions;
  };

  for (const flags of [
    ["allow_other"],
    ["-o", "allow_other", "--block-cache"],
    ["--block-cache", "false"],
    ["--block-cache --block-cache-pool-size=100 --block-cache-prefetch=11"],
    ["--block-cache --block-cache-pool-size=100 --block-cache-prefetch=5 --lazy-write"],
    ["--streaming --lazy-write"],
  ]) {
    it(`${JSON.stringify(flags)}: every command sets the same, and nothing is wrong with it`, () => {
      const patches = find(flags).map(({ message }) => classPatchIn(message));
      assert(patches.length > 0);
      for (const patch of patches) assert.deepEqual(patch, patches[0]);
      assert.deepEqual(kinds(patches[0] ?? []), []);
    });
  }

  it("a block cache in use keeps the block size of the files that are there, and its volumes are left alone", () => {
    const message = messageOf("NoPoolSize", ["-o", "allow_other", "--block-cache"]);
    assert.match(message, /"--block-cache-block-size=16","--block-cache-pool-size=256"/);
    assert.doesNotMatch(message, /kubectl (patch|edit) pv/);
  });

  it("the message for existing volumes says what happens to their files in the block cache", () => {
    assert.match(
      messageOf("FileCache", []),
      /not appended to or changed in place \(EIO\) until rewritten: cp f f.new && mv/,
    );
  });

  it("a stray word is named, with what it lacks", () => {
    assert.match(messageOf("StrayWord", ["allow_other"]), /`allow_other` needs `-o` before it; .* does not mount/);
    assert.match(messageOf("StrayWord", ["--block-cache", "false"]), /`false` belongs to no option/);
    assert.match(messageOf("StrayWord", ["-o", "ro"]), /`-o ro` must be one element: .* sorts/);
  });

  it("every message has room in an event, however long the class's own options are", () => {
    const own = `-o ${"x".repeat(600)}=1`;
    for (const flags of [
      [],
      [own],
      ["--block-cache", own],
      ["--config-file=/x"],
      ["--allow-other=false --block-cache=0"],
      ["x".repeat(600), "y ".repeat(300), "-o", "z".repeat(600)],
      ["--lazy-write --block-cache --block-cache-pool-size=1 --block-cache-prefetch=3", own],
    ]) {
      for (const className of ["a".repeat(63), "a".repeat(253)]) {
        for (const { kind, message } of find(flags, { className })) {
          assert(message.length <= LONGEST_MESSAGE, `${kind} has ${message.length}: ${message}`);
        }
      }
    }
    assert.match(
      find([own])[0]?.message ?? "",
      /kubectl edit storageclass keyless, mountOptions: add -o allow_other, --block-cache,/,
    );
  });

  it("the command in a message is one that a shell reads as it was meant", () => {
    const [fault] = find(["-o fsname='a'"]);
    assert.match(fault?.message ?? "", /"-o fsname='\\''a'\\''"/);
  });

  it("the command for existing volumes gives them what the class has, whatever quotes are in it", () => {
    const folder = mkdtempSync(join(tmpdir(), "keyless-csi-fix-"));
    try {
      const mountOptions = ["-o allow_other,fsname='a'", '--telemetry="$HOME"', ...RECOMMENDED_OPTIONS.slice(1)];
      const asked = join(folder, "asked");
      writeFileSync(join(folder, "options"), JSON.stringify(mountOptions));
      const words = `printf '%s\\n' "$@"`;
      writeFileSync(
        join(folder, "kubectl"),
        `#!/bin/sh\n${words} >> ${asked}\nif [ "$1" = get ]; then cat ${folder}/options; else ${words}; fi\n`,
      );
      chmodSync(join(folder, "kubectl"), 0o755);
      const [, command = ""] = /Fix existing volumes: (kubectl .*?);/s.exec(messageOf("FileCache", [])) ?? [];
      const env = { PATH: `${folder}:${process.env["PATH"]}` };
      const run = execFileSync("sh", ["-c", command], { env, encoding: "utf8" }).trim().split("\n");
      assert.deepEqual(run.slice(0, -1), ["patch", "pv", "NAME", "--type=merge", "-p"]);
      assert.deepEqual(JSON.parse(run.at(-1) ?? ""), { spec: { mountOptions } });
      assert.match(readFileSync(asked, "utf8"), /^get\nsc\nkeyless\n-o\njsonpath=\{\.mountOptions\}\npatch\n/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
