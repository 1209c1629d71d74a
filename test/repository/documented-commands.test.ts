// Commands in the documents for existing volumes: they must find our volumes and no others, and must not lead to data loss.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RECOMMENDED_OPTIONS } from "../../src/backend/blob/mount-options.ts";
import { repository } from "../support/sources.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");
const HOW_TO = ["node-plugin", "platform-teams", "tenants", "troubleshooting"].map((name) => `docs/how-to/${name}.md`);

interface Volume {
  readonly options?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly modes?: readonly string[];
  readonly readOnly?: boolean;
}
const OURS = { mountWithWorkloadIdentityToken: "true", protocol: "fuse2" };
const object = ({ options, attributes = OURS, modes = ["ReadWriteMany"], readOnly }: Volume) => ({
  metadata: { name: "pv" },
  spec: {
    accessModes: modes,
    ...(options && { mountOptions: options }),
    csi: { driver: "blob.csi.azure.com", volumeAttributes: attributes, ...(readOnly !== undefined && { readOnly }) },
  },
});

describe("documented commands", () => {
  const text = read("docs/how-to/platform-teams.md");
  const [, program = ""] = /jq -r '([^']*)'\n```/.exec(text) ?? [];

  const KNOWN: readonly (readonly [string, boolean])[] = [
    ["-o allow_other", true],
    ["--block-cache", false],
    ["-o allow_other --block-cache --log-level=LOG_DEBUG", false],
    ["--block-cache=true", false],
    ["--block-cache=T", false],
    ["--block-cache=false", true],
    ["--block-cache-pool-size=256", true],
    ["--streaming", false],
    ["--preload=1", false],
    ["--read-only", false],
    ["-o allow_other,ro", false],
    ["-o umask=0,allow_root", true],
  ];

  it("recognise the options of a file cache", () => {
    const [, pattern = "", flags] = /test\("((?:[^"\\]|\\.)*)"; "(i)"\)/.exec(program) ?? [];
    const regexp = new RegExp(JSON.parse(`"${pattern}"`) as string, flags);
    for (const [option, isFileCache] of KNOWN) assert.equal(!regexp.test(option), isFileCache, option);
  });

  it("find our volumes that two pods may write through the file cache, and print their options", () => {
    if (spawnSync("jq", ["--version"]).status !== 0) return; // the test above checks the same program without jq
    const find = (...items: object[]) => {
      const { stdout, stderr } = spawnSync("jq", ["-r", program], {
        input: JSON.stringify({ items }),
        encoding: "utf8",
      });
      assert.equal(stderr, "");
      return stdout;
    };
    for (const [option, isFileCache] of KNOWN) {
      assert.equal(find(object({ options: [option] })), isFileCache ? `pv ${JSON.stringify([option])}\n` : "", option);
    }
    assert.equal(find(object({})), "pv []\n");
    const others: readonly Volume[] = [
      { attributes: { protocol: "fuse2" } },
      { attributes: { ...OURS, protocol: "nfs" } },
      { modes: ["ReadOnlyMany"] },
      { modes: ["ReadWriteOncePod"] },
      { readOnly: true },
    ];
    assert.equal(
      find(...others.map(object), { metadata: { name: "disk" }, spec: { accessModes: ["ReadWriteOnce"] } }),
      "",
    );
    assert.equal(find(object({ modes: ["ReadOnlyMany", "ReadWriteOnce"] })), "pv []\n");
  });

  it("append all options of a class to those of a volume", () => {
    const [, json = ""] = /kubectl patch pv NAME --type=json -p '([^']*)'/.exec(text) ?? [];
    const wanted = RECOMMENDED_OPTIONS.map((value) => ({ op: "add", path: "/spec/mountOptions/-", value }));
    assert.deepEqual(JSON.parse(json), wanted);
  });

  it("say what happens to the files, wherever a volume is moved to the block cache", () => {
    for (const path of HOW_TO) {
      const words = read(path).replaceAll(/\s+/g, " ");
      assert.match(words, /can( then)? be read and replaced, but not appended to or changed in place/, path);
      assert.match(words, /`cp f f\.new && mv f\.new f`/, path);
    }
  });

  it("contain no placeholder that a shell would read as a redirection", () => {
    for (const path of HOW_TO) assert.doesNotMatch(read(path), /`kubectl exec [^`]*<[^`]*`/, path);
  });
});
