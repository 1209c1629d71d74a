// `npm run demo -- --serve` in a browser: a claim is made, opened by the one who may and by those who may not, and deleted. What
// the page says is held against what Azure holds.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileWrittenBy, type Program, startKeylessCsi } from "../support/processes.ts";
import { type Browser, startBrowser } from "./chromium.ts";

const SIZE = { width: 1280, height: 900 };
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/[\da-f]{32}\/\n/;

describe("the demo's page in Chromium", function () {
  this.timeout(120_000); // a guard against a hang only
  let folder: string;
  let demo: Program;
  let browser: Browser;
  let address: string;
  before(async function () {
    this.timeout(600_000); // the first time, Chromium is installed
    folder = await mkdtemp(join(tmpdir(), "keyless-csi-demo-"));
    demo = await startKeylessCsi(["demo", "--serve"], { name: "demo", logFolder: folder });
    const printed = await fileWrittenBy(demo, demo.logFile, (text) => ADDRESS.test(text));
    [address = ""] = ADDRESS.exec(printed) ?? [];
    address = address.trim();
    browser = await startBrowser({ trustedKeys: [] });
    await browser.open(address, SIZE);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const rows = (id: string) =>
    browser.evaluate<string[][]>(
      `[...document.querySelectorAll("#${id} tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText))`,
    );
  const make = (name: string, workload: string) =>
    browser.follow(`(() => { const form = document.querySelector("#claim form");
      form.elements.name.removeAttribute("pattern"); form.elements.name.value = ${JSON.stringify(name)};
      form.elements.workload.value = ${JSON.stringify(workload)}; form.querySelector("button").click(); })()`);
  /** Of the first claim. */
  const attempt = (who: string, action: string) =>
    browser.follow(`(() => { const form = document.querySelector("#claims form");
      form.elements.who.value = ${JSON.stringify(who)}; form.elements.action.value = ${JSON.stringify(action)};
      form.querySelector("button").click(); })()`);
  const tried = async () => (await rows("attempts"))[0]?.slice(1, 4);

  it("follows the demo, whose volume it shows", async () => {
    assert.match(await readFile(demo.logFile, "utf8"), /^All 9 proofs hold/m);
    assert.equal((await rows("accounts")).length, 1);
    assert.equal((await rows("containers")).length, 1);
    assert.deepEqual(await rows("claims"), []);
  });

  it("makes a claim: an account, a container and a role assignment", async () => {
    await make("data", "workload-a");
    const [claim = []] = await rows("claims");
    assert.deepEqual(claim.slice(0, 2), ["demo/data", "workload-a"]);
    const [account = "", container = ""] = (claim[2] ?? "").split(" / ");
    assert((await rows("containers")).some(([held, name]) => held === account && name === container));
    assert((await rows("grants")).some(([who, , at]) => who === "workload-a" && at === `${account} / ${container}`));
  });

  it("lets its own workload write and read, and no other and no key", async () => {
    await attempt("workload-a", "write");
    assert.deepEqual(await tried(), ["workload-a", "write", "HTTP 201"]);
    await attempt("workload-a", "read");
    assert.deepEqual((await rows("attempts"))[0], [
      "demo/data",
      "workload-a",
      "read",
      "HTTP 200",
      "written by workload-a",
    ]);
    await attempt("workload-b", "read");
    assert.deepEqual(await tried(), ["workload-b", "read", "HTTP 403 AuthorizationPermissionMismatch"]);
    await attempt("an account key", "read");
    assert.deepEqual(await tried(), ["an account key", "read", "HTTP 403 KeyBasedAuthenticationNotPermitted"]);
    await keep(await browser.screenshot());
  });

  it("refuses what is no claim's name, with the reason, and makes nothing", async () => {
    await make("<b>Data</b>", "workload-a");
    const alarm = await browser.evaluate<string>(`document.querySelector(".alarm").innerText`);
    assert.match(alarm, /^"<b>Data<\/b>" is not the name of a claim/);
    assert.equal((await rows("claims")).length, 1);
  });

  it("deletes the claim with its container and access", async () => {
    const [[, , place = ""] = []] = await rows("claims");
    await browser.follow(`document.querySelector("#claims tr td:last-child button").click()`);
    assert.deepEqual(await rows("claims"), []);
    assert(!(await rows("grants")).some(([, , at]) => at === place));
    assert(!(await rows("containers")).some(([account, name]) => `${account} / ${name}` === place));
  });

  it("is closed to anyone who does not know its address", async () => {
    const { origin } = new URL(address);
    const other = `${origin}/${"0".repeat(32)}/`;
    for (const url of [`${origin}/`, other]) assert.equal((await fetch(url)).status, 404, url);
    const made = await fetch(`${other}claims`, { method: "POST", body: new URLSearchParams({ name: "stolen" }) });
    assert.equal(made.status, 404);
    assert.deepEqual(await rows("claims"), []);
  });

  it("complains of nothing in the browser's console", () => {
    const complaints = browser.complaints().filter((complaint) => !complaint.includes("favicon"));
    assert.deepEqual(complaints, []);
  });

  it("ends with the demo", async () => {
    assert.equal(await demo.stop(), 0);
  });

  /** Kept for people to look at, where they ask for it. */
  async function keep(picture: Buffer): Promise<void> {
    const kept = process.env["KEYLESS_CSI_SCREENSHOTS"];
    if (kept === undefined) return;
    await mkdir(kept, { recursive: true });
    await writeFile(`${kept}/demo.png`, picture);
  }
});
