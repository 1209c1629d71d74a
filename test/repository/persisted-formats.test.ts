// What is written into Azure and read back later has one home: the files that encode and decode it.
import assert from "node:assert/strict";
import { readSources, type Source } from "../support/sources.ts";

interface Format {
  readonly what: string;
  /** A part of a key or prefix as code would write it. */
  readonly literal: RegExp;
  readonly home: readonly string[];
}

const FORMATS: readonly Format[] = [
  { what: "tag of an account or identity", literal: /keyless-csi\.(?=\S)/, home: ["account-tags.ts"] },
  { what: "metadata", literal: /keyless_(?!csi_)/, home: ["file-system-metadata.ts"] },
  { what: "description", literal: /keyless-csi v\d/, home: ["role-assignment-description.ts"] },
  { what: "federated credential", literal: /keyless-csi-\$\{/, home: ["federated-credential.ts"] },
  { what: "subject of a ServiceAccount", literal: /system:serviceaccount:/, home: ["federated-credential.ts"] },
  { what: "ARM id of an account", literal: /\/providers\/Microsoft\\?\.Storage\//, home: ["arm-ids.ts"] },
].map((format) => ({ ...format, home: format.home.map((name) => `src/volume/formats/${name}`) }));

const BLOB_FORMATS: readonly Format[] = [
  { what: "ARM id of a container", literal: /\/blobServices\/default/, home: ["src/backend/blob/arm-ids.ts"] },
  { what: "volume id", literal: /###|split\("#"\)/, home: ["volume-id.ts"] },
].map((format) => ({ ...format, home: format.home.map((name) => `src/backend/blob/${name.split("/").at(-1)}`) }));

/** Code alone: comments may name a key. */
function withoutComments({ text }: Source): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function findStrays(sources: readonly Source[], { literal, home }: Format): string[] {
  return sources
    .filter((source) => !home.includes(source.path) && literal.test(withoutComments(source)))
    .map(({ path }) => path);
}

describe("a persisted format", () => {
  // The demo shows the token's subject, and the emulator shares no constant with the product.
  const sources = readSources("src", ".ts").filter(({ path }) => !/^src\/(emulator|commands\/demo)/.test(path));

  for (const format of [...FORMATS, ...BLOB_FORMATS]) {
    it(`${format.what}: no other file holds a key of it`, () => {
      assert.deepEqual(findStrays(sources, format), []);
      for (const path of format.home) {
        const source = sources.find((each) => each.path === path);
        assert(source, path);
      }
      assert(format.home.some((path) => sources.some((each) => each.path === path && format.literal.test(each.text))));
    });
  }

  it("would be found in another file, but not in a comment", () => {
    const [tag] = FORMATS;
    assert(tag);
    const stray = { path: "src/volume/x.ts", text: 'const x = tags["keyless-csi.pool"];' };
    const comment = { path: "src/volume/x.ts", text: "/** As `keyless-csi.pool` says. */" };
    assert.deepEqual(findStrays([stray], tag), ["src/volume/x.ts"]);
    assert.deepEqual(findStrays([comment], tag), []);
  });
});
