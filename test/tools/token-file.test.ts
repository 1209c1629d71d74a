// The token file that the node plugin of the kubelet tests shares between pods.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeToken } from "../kubelet/support/token-file.ts";

describe("the token file of a node plugin", () => {
  it("is one whole token at any time, however many pods publish at once", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-token-"));
    try {
      const file = join(folder, "client-account");
      const tokens = [1200, 1000, 1100].map((length, n) => String(n).repeat(length));
      await writeToken(file, tokens[0] ?? "");
      for (let round = 0; round < 200; round++) {
        const writes = tokens.map((token) => writeToken(file, token));
        assert.ok(tokens.includes(await readFile(file, "utf8")), `round ${round}: half a token`);
        await Promise.all(writes);
        assert.ok(tokens.includes(await readFile(file, "utf8")), `round ${round}: two tokens mixed`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
