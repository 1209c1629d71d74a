// The emulator's own page as a person sees it, in a headless Chromium: complete, legible, and inert whatever callers
// sent.
import assert from "node:assert/strict";
import { createHash, type X509Certificate } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:tls";
import { CONTRACT } from "../../src/emulator/admin/contract-count.generated.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { administratorToken, send, sendAdmin } from "../support/emulator-client.ts";
import { type Browser, startBrowser } from "./chromium.ts";

const HOSTILE = `<script>document.title="pwned"</script><img src=x onerror="document.title='pwned'">`;
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 400, height: 800 };

/** SHA-256 of the public key of the server at the address, as Chromium's list of trusted keys has it. */
async function keyOf(address: string, ca: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), ca });
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const certificate = socket.getPeerX509Certificate() as X509Certificate;
  socket.destroy();
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64");
}

describe("the emulator's page in Chromium", function () {
  this.timeout(60_000);
  let app: EmulatedApp;
  let browser: Browser;
  let address: string;
  let container: string;
  before(async function () {
    this.timeout(600_000); // the first time, Chromium is installed
    app = await startEmulatedApp();
    const { emulator } = app;
    const { adminEndpoint, adminSecret } = emulator.info;
    const volume = await create(app, createRequest(emulator));
    await create(app, createRequest(emulator, { isolation: "volume" }));
    container = volume.volume_id.split("#")[2] ?? "";
    const held = emulator.world.containers.get(volume.volume_id.split("#").slice(1, 3).join("/"));
    if (held) held.metadata["note"] = HOSTILE;
    await send(emulator, `/subscriptions/${encodeURIComponent(HOSTILE)}?api-version=2022-12-01`);
    const scope = `/subscriptions/${emulator.info.subscriptionId}`;
    const policy = { name: "no-keys", displayName: HOSTILE, scope, resourceType: "Microsoft.Storage/storageAccounts" };
    const requires = { "properties.allowSharedKeyAccess": false };
    assert.equal((await sendAdmin(emulator, "POST", "/policies", { ...policy, requires })).status, 200);
    browser = await startBrowser({ trustedKeys: [await keyOf(adminEndpoint, emulator.ca)] });
    address = `${adminEndpoint.replace("://", `://any:${adminSecret}@`).replace(/\/$/, "")}/`;
    await browser.open(address, DESKTOP);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  const rowsOf = (id: string) =>
    browser.evaluate<string[][]>(
      `[...document.querySelectorAll("#${id} tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText))`,
    );

  it("says how much of its contract Azure has confirmed", async () => {
    const { confirmed, sentences } = CONTRACT;
    const words = await browser.evaluate<string>('document.querySelector("header").innerText');
    assert(words.includes(`Azure has confirmed ${confirmed} of the ${sentences} sentences`), words);
  });

  it("shows accounts, containers, role assignments, policies and the last calls", async () => {
    const accounts = await rowsOf("accounts");
    assert.equal(accounts.length, 2);
    for (const cells of accounts) assert.deepEqual(cells.slice(3, 6), ["Standard_LRS", "off", "off"]);
    const containers = await rowsOf("containers");
    assert.equal(containers.length, 2);
    assert(containers.some(([, name]) => name === container));
    const grants = await rowsOf("grants");
    const own = grants.find(([, , where]) => where?.endsWith(` / ${container}`)) ?? assert.fail("no role assignment");
    assert.equal(own[0], "workload-a");
    assert.match(own[1] ?? "", /^\S+ keyless-csi Blob Data$/); // with the subscription as prefix
    assert.equal((await rowsOf("policies")).length, 1);
    const calls = await rowsOf("calls");
    assert(
      calls.some(
        ([, service, operation, status]) => `${service} ${operation} ${status}` === "arm storageAccounts/create 202",
      ),
    );
    assert(calls.length <= 50);
  });

  it("shows what callers sent as text, executes nothing of it, and loads nothing from elsewhere", async () => {
    assert.equal(await browser.evaluate("document.title"), "keyless-csi emulator");
    assert.equal(await browser.evaluate(`document.querySelectorAll("img, link, iframe").length`), 0);
    assert.equal(await browser.evaluate(`document.querySelectorAll("script").length`), 1, "the page's own");
    assert(await browser.evaluate(`document.body.innerText.includes(${JSON.stringify(HOSTILE)})`));
    const loaded = await browser.evaluate<string[]>(`performance.getEntriesByType("resource").map(({ name }) => name)`);
    const own = address.replace(/\/\/[^@]+@/, "//");
    assert.deepEqual(
      loaded.filter((name) => name !== own && !name.endsWith("/favicon.ico")),
      [],
    );
    assert.deepEqual(
      browser.complaints().filter((complaint) => !complaint.includes("favicon")),
      [],
    );
  });

  it("renews itself: what has changed appears without a reload, and what was selected elsewhere stays", async () => {
    await browser.open(address, DESKTOP);
    const appears = browser.evaluate<boolean>(
      `new Promise((resolve) => new MutationObserver((_, watch) => {
        if (document.querySelectorAll("#containers tbody tr").length === 3) { watch.disconnect(); resolve(true); }
      }).observe(document.body, { childList: true, subtree: true }))`,
    );
    await create(app, createRequest(app.emulator));
    assert.equal(await appears, true);
    assert.equal(await browser.evaluate(`document.getElementById("note").innerText`), "It renews itself.");
  });

  it("says without scripts how to see what has changed", async () => {
    const { text: answer } = await sendAdmin(app.emulator, "GET", "/");
    assert.match(answer, /<span id="note">Reload the page to see what has changed\.<\/span>/);
    assert.match(answer, /<section id="accounts">.*<section id="containers">.*<section id="grants">/s);
  });

  it("shows alarms above everything else", async () => {
    const { emulator } = app;
    assert.equal(await browser.evaluate(`document.querySelectorAll(".alarm").length`), 0);
    const [account] = emulator.world.accounts.values();
    const headers = { authorization: `Bearer ${await administratorToken(emulator)}` };
    await send(emulator, `${account?.id}/listKeys?api-version=2023-05-01`, { method: "POST", headers });
    await browser.open(address, DESKTOP);
    const alarm = await browser.evaluate<{ text: string; top: number; color: string }>(
      `(() => { const each = document.querySelector(".alarm");
        return { text: each.innerText, top: each.getBoundingClientRect().top, color: getComputedStyle(each).color }; })()`,
    );
    assert.match(alarm.text, /^ALARM: /);
    assert(alarm.top < 150, `it begins at ${alarm.top}`);
    assert.equal(alarm.color, "rgb(207, 34, 46)");
  });

  for (const [name, size] of [
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ] as const) {
    it(`fits the width of a ${name}: wide tables scroll by themselves`, async () => {
      await browser.open(address, size);
      const { page, sections } = await browser.evaluate<{
        page: number;
        sections: { right: number; height: number }[];
      }>(
        `({ page: document.documentElement.scrollWidth, sections: [...document.querySelectorAll("section")].map((each) => {
          const { right, height } = each.getBoundingClientRect(); return { right, height }; }) })`,
      );
      assert(page <= size.width, `the page is ${page} wide`);
      assert.equal(sections.length, 5);
      for (const { right, height } of sections) assert(right <= size.width && height > 40);
      const picture = await browser.screenshot();
      assert(picture.length > 10_000 && picture.subarray(1, 4).toString() === "PNG");
      await keep(`${name}.png`, picture);
    });
  }

  /** Kept for people to look at, where they ask for it. */
  async function keep(name: string, picture: Buffer): Promise<void> {
    const folder = process.env["KEYLESS_CSI_SCREENSHOTS"];
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/${name}`, picture);
  }
});
