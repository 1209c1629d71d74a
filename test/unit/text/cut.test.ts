// How texts are cut for messages.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cut, cutEncoded, listed, shown } from "../../../src/text/cut.ts";

const KEY = randomBytes(64).toString("base64");

describe("cutting", () => {
  it("leaves what is short, and marks what was cut", () => {
    assert.equal(cut("a".repeat(10), 10), "a".repeat(10));
    assert.equal(cut("a".repeat(11), 10), `${"a".repeat(9)}…`);
    assert.equal(shown("West Europe"), "West Europe");
    assert.equal(shown("x".repeat(300_000)).length <= 100, true);
  });

  it("cuts no character in two", () => {
    for (let most = 2; most < 12; most += 1) {
      const text = cut("a😀😀😀😀😀😀", most);
      assert(text.length <= most && text.isWellFormed(), text);
    }
  });

  it("takes a secret out before it cuts, wherever the cut falls", () => {
    for (let before = 0; before < 120; before += 1) {
      for (const text of [shown(`${"-".repeat(before)} ${KEY}`), cutEncoded(`${"-".repeat(before)} ${KEY}`, 120)]) {
        assert(!text.includes(KEY.slice(0, 12)), text);
      }
    }
  });

  it("lists ten, and says how many more there are", () => {
    const items = Array.from({ length: 512 }, (_, index) => `p${index}`);
    assert.equal(listed(items.slice(0, 2)), "p0; p1");
    assert.equal(listed(items.slice(0, 10), ", ").includes("more"), false);
    assert.equal(listed(items), "p0; p1; p2; p3; p4; p5; p6; p7; p8; p9; and 502 more");
  });

  it("cuts where the encoded text would be too long, in any script, and encodes what no text should have", () => {
    for (const character of ["a", " ", '"', "ü", "日", "😀", "\ud800", "\u0000", "%"]) {
      const text = cutEncoded(`${character},`.repeat(150_000), 4_096);
      const { length } = encodeURI(text);
      assert(length <= 4_096, `${character}: ${length}`);
      assert(length > 3_900, `${character}: ${length}`);
      assert(text.endsWith("…") || text.endsWith("characters)"), character);
    }
    assert.equal(cutEncoded('location "x" is not valid', 4_096), 'location "x" is not valid');
  });
});
