// What `keyless-csi support` keeps: of a withheld value nothing, of a long log the newest lines, of many objects the remarkable ones.
import assert from "node:assert/strict";
import { createRedactor } from "../../../src/commands/support/redactor.ts";
import { connect } from "../../../src/kubernetes/clients.ts";
import { readLog } from "../../../src/kubernetes/inspection/logs.ts";
import { readObjects } from "../../../src/kubernetes/inspection/objects.ts";
import { createListOpener } from "../../../src/kubernetes/pages.ts";
import { type PagingServer, startPagingServer } from "../../support/paging-server.ts";

const DRIVER = "keyless.blob.csi";

describe("the redactor of a bundle", () => {
  it("removes a value that was withheld in one place from all others, in each of its forms", () => {
    const redactor = createRedactor();
    const before = redactor.text('it is pa"ss/word1');
    redactor.withhold('pa"ss/word1');
    redactor.withhold("short");
    const text = 'a pa"ss/word1 b, {\\"x\\":\\"pa\\"ss/word1\\"}, ?q=pa%22ss%2Fword1, shorter';
    assert.deepEqual(
      [before, redactor.text(text)],
      ['it is pa"ss/word1', 'a [redacted] b, {\\"x\\":\\"[redacted]\\"}, ?q=[redacted], shorter'],
    );
    const encoded = Buffer.from('pa"ss/word1').toString("base64");
    assert.doesNotMatch(redactor.text(`data: ${encoded}`), new RegExp(encoded.slice(0, -3)));
  });

  it("takes the whole value of a secret name, texts of keys too, and leaves numbers, switches and nothing", () => {
    const value = {
      clientSecret: "hunter2",
      tokens: [{ token: "x y z" }],
      "password=hunter2": 1,
      mountWithWorkloadIdentityToken: "true",
      automountServiceAccountToken: false,
      secret: null,
    };
    assert.deepEqual(createRedactor().json(value), {
      clientSecret: "[redacted]",
      tokens: [{ token: "[redacted]" }],
      "password=[redacted]": 1,
      mountWithWorkloadIdentityToken: "true",
      automountServiceAccountToken: false,
      secret: null,
    });
  });
});

describe("what is read of a cluster for a report", () => {
  let server: PagingServer;
  before(async () => {
    server = await startPagingServer();
  });
  after(() => server.stop());

  async function logOf(text: string, mostBytes: number): Promise<string> {
    server.instead = () => text;
    const log = { namespace: "n", name: "p", container: "c", isPrevious: false };
    const read = await readLog(connect(server.kubeconfig).api, log, { sinceMs: 0, mostBytes });
    return "value" in read ? read.value : assert.fail(read.why);
  }

  it("is of a log that is too long its newest lines, whole, with a note", async () => {
    assert.equal(await logOf("one\ntwo\nthree\n", 100), "one\ntwo\nthree\n");
    assert.equal(await logOf("one\ntwo\nthree\n", 14), "one\ntwo\nthree\n");
    const note = (bytes: number) =>
      `[keyless-csi support: the oldest ${bytes} bytes are left out, see --max-log-size]\n`;
    assert.equal(await logOf("one\ntwo\nthree\n", 13), `${note(4)}two\nthree\n`);
    assert.equal(await logOf("one\ntwo\nthree\n", 10), `${note(4)}two\nthree\n`);
    assert.equal(await logOf("one\ntwo\nthree\n", 9), `${note(8)}three\n`);
    // Half a line could hold half a token.
    assert.equal(await logOf("one\ntwo\nthree\n", 3), `${note(14)}`);
    assert.equal(await logOf("one\n", 0), note(4));
  });

  it("is of a log that the API server cuts what ends with a whole line, and a note", async () => {
    const line = `${"x".repeat(63)}\n`;
    const text = `${line.repeat((32 << 20) / 64 - 1)}${"y".repeat(64)}`;
    const kept = await logOf(text, 64);
    assert.match(kept, /the newest lines are missing/);
    assert.ok(kept.endsWith(`]\n${line}`));
  });

  it("is at most 1,000 objects of a kind, those that are not Bound first, and how many there are", async () => {
    server.instead = () => undefined;
    const volume = (index: number, phase: string) => ({
      metadata: { name: `pv-${index}` },
      spec: { csi: { driver: DRIVER } },
      status: { phase },
    });
    const bound = Array.from({ length: 1_200 }, (_, index) => volume(index, "Bound"));
    server.lists.set("/api/v1/persistentvolumes", [...bound, volume(1_200, "Failed")]);
    const names = { driverName: DRIVER, nodeDriver: DRIVER, namespace: "csi" };
    const found = (await readObjects(createListOpener(connect(server.kubeconfig).api), names)).get("persistentvolumes");
    const { objects, count } = found !== undefined && "value" in found ? found.value : assert.fail();
    assert.deepEqual([objects.length, count, objects[0]?.metadata?.name], [1_000, 1_201, "pv-1200"]);
  });
});
