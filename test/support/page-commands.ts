// The commands that a page shows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./sources.ts";

/** Heading -> the commands of its console blocks, in their order. Of a page under docs, whose sections begin with these signs. */
export function commandsOf(page: string, signs = "##"): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(repository, "docs", page), "utf8");
  const sections = text.split(new RegExp(`^${signs} `, "m")).slice(1);
  return new Map(
    sections.map((section) => [
      section.split("\n")[0] ?? "",
      [...section.matchAll(/^ *```console\n([\s\S]*?)^ *```/gm)].flatMap(([, block = ""]) =>
        block
          .split("\n")
          .map((line) => line.trim())
          .filter((line) => line.startsWith("$ "))
          .map((line) => line.slice(2)),
      ),
    ]),
  );
}
