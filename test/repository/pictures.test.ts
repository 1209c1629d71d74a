// Pictures in the documents (mermaid flowcharts and sequence diagrams): every line is one that mermaid can read, since GitHub shows
// an error in place of the whole picture otherwise; and the picture of an installation has the containers that the manifests have.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { readTable } from "../support/documents.ts";
import { readSources, repository, type Source } from "../support/sources.ts";

const read = (path: string) => ({ path, text: readFileSync(join(repository, path), "utf8") });
const documents = [read("README.md"), read("CONTRIBUTING.md"), ...readSources("docs", ".md")];
const DEPLOYMENT = "docs/explanation/deployment.md";

/** What is drawn in one place: an id, or an id with its text in one of mermaid's shapes. */
const NODE = /\w+(\["[^"]+"\]|\(\["?[^"]+"?\]\)|\[\("[^"]+"\)\]|\{"[^"]+"\})?/.source;
/** An arrow has the same line on both sides of its text. */
const ARROW = /(-->|-\.->|-- (?:"[^"]+"|[^"<>-]+) -->|-\. "[^"]+" \.->)/.source;
const FLOWCHART = new RegExp(`^(flowchart (TD|LR)|subgraph \\w+\\["[^"]+"\\]|end|${NODE}( ${ARROW} ${NODE})?)$`);
const SEQUENCE = /^(sequenceDiagram|participant \w+ as .+|\w+-?->>\w+: .+)$/;

/** Lines of pictures that are not of these forms, as `path: line`. */
function findUnreadable({ path, text }: Source): readonly string[] {
  return picturesOf(text).flatMap((picture) => {
    const lines = picture.trim().split("\n");
    const form = lines[0]?.startsWith("flowchart") ? FLOWCHART : SEQUENCE;
    return lines.filter((line) => !form.test(line.trim())).map((line) => `${path}: ${line.trim()}`);
  });
}

const picturesOf = (text: string) => [...text.matchAll(/^```mermaid\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);

describe("pictures", () => {
  it("have only lines that mermaid can read", () => {
    assert(documents.flatMap(({ text }) => picturesOf(text)).length >= 5);
    assert.deepEqual(documents.flatMap(findUnreadable), []);
  });

  it("with an arrow of two kinds, or a text without its end, are caught", () => {
    const text = '```mermaid\nflowchart LR\n  a["x"] -- "y" -.-> b\n  a --> b["x]\n  a -. "y" .-> b\n```\n';
    assert.deepEqual(findUnreadable({ path: "x.md", text }), ['x.md: a["x"] -- "y" -.-> b', 'x.md: a --> b["x]']);
  });

  it("name the containers of an installation as the manifests do", () => {
    const names = ["deploy/manifests/controller.yaml", "deploy/examples/dedicated-node-plugin.yaml"].flatMap(
      containersOf,
    );
    const [picture = ""] = picturesOf(read(DEPLOYMENT).text);
    const described = readTable(DEPLOYMENT, "container").flatMap(([cell = ""]) => cell.match(/[\w-]+/g) ?? []);
    assert.deepEqual(described.toSorted(), names.toSorted());
    assert.deepEqual(
      names.filter((name) => !picture.includes(`["${name}`)),
      [],
    );
  });
});

interface Workload {
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: { readonly name: string }[] } } };
}

function containersOf(path: string): readonly string[] {
  const documents = parseAllDocuments(read(path).text).map((each) => each.toJSON() as Workload);
  return documents.flatMap(({ spec }) => spec?.template?.spec.containers ?? []).map(({ name }) => name);
}
