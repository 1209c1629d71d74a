import assert from "node:assert/strict";
import {
  LEAST_PREFETCH,
  type MountOptions,
  RECOMMENDED_OPTIONS,
  readMountOptions,
  withRecommended,
} from "../../../src/backend/blob/mount-options.ts";

const NOTHING: MountOptions = {
  ...{ cache: "file", isOpenToOthers: false, isReadOnly: false, hasConfigFile: false, isLazy: false },
  ...{ strayWords: [], tornOptions: [] },
};

describe("mount options of a class", () => {
  const spellings: readonly (readonly [readonly string[], Partial<MountOptions>])[] = [
    [[], {}],
    [["-o allow_other"], { isOpenToOthers: true }],
    [["-o", "allow_other"], { isOpenToOthers: true, tornOptions: ["-o allow_other"] }],
    [["-oallow_other"], { isOpenToOthers: true }],
    [["-o=allow_other"], { isOpenToOthers: true }],
    [["-o uid=1000,allow_other"], { isOpenToOthers: true }],
    [["-o uid=1000 -o allow_other=true"], { isOpenToOthers: true }],
    [["--allow-other"], { isOpenToOthers: true }],
    [["--allow-other=true"], { isOpenToOthers: true }],
    [["--allow-other=false"], {}],
    [["--allow-other", "--allow-other=false"], {}],
    [["allow_other"], { strayWords: ["allow_other"] }], // blobfuse2 takes it for a second mount path
    [["--block-cache", "false"], { cache: "block", strayWords: ["false"] }], // a switch takes no next word
    [["--log-level LOG_DEBUG --attr-timeout 5 -d"], {}],
    [["--log-level", "LOG_DEBUG"], { tornOptions: ["--log-level LOG_DEBUG"] }],
    [["--lazy-write"], { isLazy: true }],
    [["--lazy-write=false"], {}],
    [["--block-cache --preload"], { cache: "preload" }],
    [["-o allow_root"], {}],
    [["--block-cache"], { cache: "block" }],
    [["--block-cache=true"], { cache: "block" }],
    [["--block-cache=1"], { cache: "block" }],
    [["--block-cache=false"], {}],
    [["--block-cache-pool-size=256"], { poolSizeMiB: 256 }],
    [["--streaming"], { cache: "streaming" }],
    [["--streaming=true"], { cache: "streaming" }],
    [["--streaming=false"], {}],
    [["--streaming --block-cache"], { cache: "block" }],
    [["--preload"], { cache: "preload" }],
    [["--preload=true -o ro"], { cache: "preload", isReadOnly: true }],
    [["--read-only"], { isReadOnly: true }],
    [["--block-cache --block-cache-block-size=1"], { cache: "block", blockSizeMiB: 1 }],
    [["--block-cache-block-size 0.5"], { blockSizeMiB: 0.5 }],
    [["--block-cache-pool-size", "512"], { poolSizeMiB: 512, tornOptions: ["--block-cache-pool-size 512"] }],
    [["--block-cache-prefetch=11 --block-cache-prefetch=20"], { prefetch: 20 }],
    [["--block-cache-prefetch=many"], {}],
    [["--config-file=/etc/blobfuse2.yaml"], { hasConfigFile: true }],
    [["--config-file /etc/blobfuse2.yaml"], { hasConfigFile: true }],
    [["  --block-cache   -o  allow_other,ro "], { cache: "block", isOpenToOthers: true, isReadOnly: true }],
    [["--file-cache-timeout-in-seconds=120", "--use-attr-cache=true"], {}],
  ];
  for (const [flags, expected] of spellings) {
    it(`${JSON.stringify(flags)} say ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(readMountOptions(flags), { ...NOTHING, ...expected }));
  }

  it("as recommended: the block cache, open to all users, with sizes that fit on any number of cores", () => {
    const {
      cache,
      isOpenToOthers,
      blockSizeMiB = 0,
      poolSizeMiB = 0,
      prefetch = 0,
    } = readMountOptions(RECOMMENDED_OPTIONS);
    assert.equal(cache, "block");
    assert(isOpenToOthers);
    assert.equal(prefetch, LEAST_PREFETCH);
    // A block is kept as the zero block: 255 files that are open for writing, 23 that stream at once.
    assert.equal(poolSizeMiB / blockSizeMiB - 1, 255);
    assert.equal(Math.floor((poolSizeMiB / blockSizeMiB - 1) / prefetch), 23);
  });

  const mended: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], RECOMMENDED_OPTIONS],
    [RECOMMENDED_OPTIONS, RECOMMENDED_OPTIONS],
    [["-o allow_other,uid=1000"], ["-o allow_other,uid=1000", ...RECOMMENDED_OPTIONS.slice(1)]],
    [["--allow-other"], ["--allow-other", ...RECOMMENDED_OPTIONS.slice(1)]],
    [["-o umask=0027"], ["-o umask=0027", ...RECOMMENDED_OPTIONS]],
    [
      ["--block-cache=false --log-level=LOG_DEBUG", "--block-cache-prefetch 5"],
      ["--log-level=LOG_DEBUG", ...RECOMMENDED_OPTIONS],
    ],
    [
      ["--block-cache", "--block-cache-pool-size=1024", "--cancel-list-on-mount-seconds=3"],
      [
        "--block-cache",
        "--block-cache-pool-size=1024",
        "--cancel-list-on-mount-seconds=3",
        "-o allow_other",
        "--block-cache-block-size=16", // blobfuse2's default: the files that are there have such blocks
        "--block-cache-prefetch=11",
      ],
    ],
    [
      ["--allow-other --block-cache --block-cache-block-size=32 --cancel-list-on-mount-seconds=0"],
      [
        "--allow-other --block-cache --block-cache-block-size=32 --cancel-list-on-mount-seconds=0",
        "--block-cache-pool-size=352",
        "--block-cache-prefetch=11",
      ],
    ],
    [
      ["-o", "allow_other", "--block-cache"],
      [
        "-o allow_other",
        "--block-cache",
        "--block-cache-block-size=16",
        "--block-cache-pool-size=256",
        "--block-cache-prefetch=11",
        "--cancel-list-on-mount-seconds=0",
      ],
    ],
    [
      [
        "--allow-other --block-cache --block-cache-pool-size=100 --block-cache-prefetch=5",
        "--cancel-list-on-mount-seconds=0",
      ],
      [
        "--allow-other --block-cache",
        "--cancel-list-on-mount-seconds=0",
        "--block-cache-block-size=16",
        "--block-cache-pool-size=256",
        "--block-cache-prefetch=11",
      ],
    ],
    [["allow_other"], RECOMMENDED_OPTIONS],
    [
      ["--lazy-write", "allow_other,uid=1000 nonsense"],
      ["-o allow_other,uid=1000", ...RECOMMENDED_OPTIONS.slice(1)],
    ],
    [
      ["-o allow_other --block-cache --config-file=/x", "--block-cache-block-size=8 --block-cache-pool-size=8"],
      ["-o allow_other --block-cache --config-file=/x", "--block-cache-block-size=8", "--block-cache-pool-size=256"],
    ],
  ];
  for (const [flags, expected] of mended) {
    it(`${JSON.stringify(flags)} are kept, and what is missing or wrong is mended`, () => {
      assert.deepEqual(withRecommended(flags), expected);
      assert.deepEqual(withRecommended(expected), expected);
      const after = readMountOptions(expected);
      assert(after.cache === "block" && after.isOpenToOthers);
      assert.deepEqual([after.strayWords, after.tornOptions], [[], []]);
    });
  }
});
