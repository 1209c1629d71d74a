// What the system's refusals are in words.
import assert from "node:assert/strict";
import { fileFault, listenFault } from "../../../src/text/file-faults.ts";

describe("a refusal of the system", () => {
  it("to open a file says what the path is, and what to do", () => {
    assert.deepEqual(fileFault({ code: "ENOENT" }), {
      wrong: "does not exist",
      fix: "name a file that does, or mount it there",
    });
    assert.match(fileFault({ code: "EACCES" }).fix, /let its user read/);
    assert.equal(fileFault({ code: "EMFILE" }).wrong, "cannot be read (EMFILE)");
    assert.match(fileFault(new Error("odd")).wrong, /^cannot be read \(Error: odd\)$/);
  });

  it("to listen says why, and what to do", () => {
    assert.match(listenFault({ code: "EADDRINUSE" }), /another process listens there; stop it, or choose another port/);
    assert.match(listenFault({ code: "EADDRNOTAVAIL" }), /this machine has no such address; use one of its own/);
    assert.match(listenFault({ code: "EACCES" }), /choose one above 1023/);
    assert.match(listenFault({ code: "ENOTFOUND" }), /does not resolve; use an address/);
    assert.equal(listenFault({ code: "ENOBUFS" }), "the system refuses it (ENOBUFS)");
  });
});
