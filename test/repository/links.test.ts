// Links between documents lead to a file and a heading that exist.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { readSources, repository, type Source } from "../support/sources.ts";

function findDeadLinks({ path, text }: Source): readonly string[] {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].flatMap(([, link = ""]) => {
    if (/^(https?|mailto):/.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : posix.join(dirname(path), decodeURIComponent(file));
    if (file !== "" && !existsSync(join(repository, target))) return [`${path}: ${link} is not there`];
    if (anchor === undefined || !target.endsWith(".md")) return [];
    const content = file === "" ? text : readFileSync(join(repository, target), "utf8");
    const headings = content.matchAll(/^#+ +(.+?) *#*$/gm);
    const isThere = [...headings].some(([, heading = ""]) => toAnchor(heading) === anchor);
    return isThere ? [] : [`${path}: ${link} names no heading of ${target}`];
  });
}

/** A heading's anchor as GitHub makes it. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[`*]/g, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

describe("documents", () => {
  it("link only to files and headings that exist", () => {
    const roots = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
      .filter((path) => existsSync(join(repository, path)))
      .map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
    const documents = [...roots, ...readSources("docs", ".md"), ...readSources("deploy", ".md")];
    assert.deepEqual(documents.flatMap(findDeadLinks), []);
  });

  it("are all in the index by question, but for the decisions, which their folder lists", () => {
    const index = readFileSync(join(repository, "docs/README.md"), "utf8");
    const missing = readSources("docs", ".md")
      .map(({ path }) => posix.relative("docs", path))
      .filter((path) => path !== "README.md" && !path.startsWith("decisions/") && !index.includes(`](${path})`));
    assert.deepEqual(missing, []);
  });

  it("that messages, help and manifests name exist", () => {
    const sources = [...readSources("src", ".ts"), ...readSources("deploy", ".yaml", ".json", ".tpl", ".txt")];
    const named = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)].map(([document]) => ({ path, document })),
    );
    assert(named.length > 20, `only ${named.length} were found`);
    assert.deepEqual(
      named.filter(({ document }) => !existsSync(join(repository, document))),
      [],
    );
  });

  it("with a dead link are caught", () => {
    const text = "[a](../nowhere.md) [b](#none) [c](https://example.com) `[d](no)`\n# There\n[e](#there)";
    const found = findDeadLinks({ path: "docs/x.md", text });
    assert.deepEqual(
      found.map((each) => each.split(" ")[1]),
      ["../nowhere.md", "#none"],
    );
  });
});
