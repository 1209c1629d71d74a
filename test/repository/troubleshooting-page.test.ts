// docs/how-to/troubleshooting.md against the messages that exist, both ways: every message that an event can show has an entry,
// and every entry is of a message. After a change of a message this test says which entry to write or to mend.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readTable } from "../support/documents.ts";
import { readSources, repository } from "../support/sources.ts";
import {
  matches,
  readEntries,
  readEntriesBySection,
  spansOf,
  TROUBLESHOOTING,
} from "../support/troubleshooting-page.ts";
import { readUserMessages, type UserMessages } from "../support/user-messages.ts";

const PAGE = TROUBLESHOOTING;
const CLASS = "the-class-is-wrong";

describe(PAGE, function () {
  this.timeout(60_000); // a guard against a hang only: the compiler reads all sources once
  const entries = readEntries().flatMap(({ words }) => words);
  let found: UserMessages;
  before(() => {
    found = readUserMessages();
  });

  it("has an entry for every message", () => {
    assert(found.messages.length > 100, `only ${found.messages.length} messages were found in the sources`);
    const missing = found.messages.filter(({ text }) => !entries.some((entry) => matches(entry, text)));
    const lines = missing.map(({ text, where }) => `${where}: ${text}`);
    assert.deepEqual(
      lines,
      [],
      `write a row | \`first words\` | what it means | what to check and do | for:\n${lines.join("\n")}`,
    );
  });

  it("has no entry for a message that does not exist", () => {
    const idle = entries.filter((entry) => !found.messages.some(({ text }) => matches(entry, text)));
    assert.deepEqual(idle, [], `no message in src has these words; mend or remove the rows:\n${idle.join("\n")}`);
  });

  it("is entered by words: two at least in each entry", () => {
    const vague = entries.filter(
      (entry) => (entry.match(/[\w-]{2,}/g) ?? []).length < 2 && !entry.includes("failed ("),
    );
    assert.deepEqual(vague, ["mountOptions: …"]);
  });

  it("says of each message what it means, and what to check and do", () => {
    for (const { words, means, todo } of readEntries()) assert(means.length > 10 && todo.length > 0, words[0]);
  });

  it("names the reason of every Warning that the service writes", () => {
    const text = readFileSync(join(repository, PAGE), "utf8");
    assert.deepEqual(
      found.reasons.filter((reason) => !text.includes(reason)),
      [],
    );
    assert(found.reasons.includes("AccountNotKeyless") && found.reasons.length >= 12, found.reasons.join(", "));
  });

  it("lists only codes of Azure that the service knows", () => {
    const known = readSources("src/azure", ".ts")
      .map(({ text }) => text)
      .join("\n");
    const unknown = readTable(PAGE, "Azure's code")
      .flatMap(([cell = ""]) => spansOf(cell))
      .filter((code) => /^[A-Z]\w+$/.test(code) && !known.includes(code));
    assert.deepEqual(unknown, []);
  });

  it("begins with an index that leads from every message to its section", () => {
    const index = readTable(PAGE, "the message begins with, or contains").map(([words = "", section = ""]) => {
      return {
        words: spansOf(words),
        targets: [...section.matchAll(/\(#([\w-]+)\)/g)].map(([, anchor = ""]) => anchor),
      };
    });
    const sections = readEntriesBySection();
    assert(sections.size >= 12, `only ${sections.size} sections have messages`);
    const lost = [...sections].flatMap(([anchor, messages]) => {
      const words = index.filter(({ targets }) => targets.includes(anchor)).flatMap((row) => row.words);
      // A problem of a class is one of those that this message lists.
      const whole = (message: string) => (anchor === CLASS ? `StorageClass parameters: ${message}` : message);
      const isLed = (message: string) => words.some((each) => matches(each, whole(message)));
      return messages.filter((message) => !isLed(message)).map((message) => `#${anchor}: ${message}`);
    });
    assert.deepEqual(lost, [], "put words of these messages into the row of the index that leads to their section");
  });

  it("names the commands that find out more", () => {
    const text = readFileSync(join(repository, PAGE), "utf8");
    for (const command of ["doctor", "access", "static", "support", "orphans"]) {
      assert.match(text, new RegExp(`keyless-csi ${command}\\b`), command);
    }
  });

  it("leads to the gRPC codes, and they lead here", () => {
    assert.match(readFileSync(join(repository, PAGE), "utf8"), /\]\(\.\.\/reference\/errors\.md\)/);
    assert.match(
      readFileSync(join(repository, "docs/reference/errors.md"), "utf8"),
      /\]\(\.\.\/how-to\/troubleshooting\.md\)/,
    );
  });
});
