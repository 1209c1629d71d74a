// A headless Chromium, driven over its DevTools protocol: what a person would see of a page. Debian's package is
// installed when it is missing.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileWrittenBy, type Program, startProgram } from "../support/processes.ts";

const run = promisify(execFile);

export interface BrowserOptions {
  /** base64 of the SHA-256 of the public keys (SPKI) of servers that are trusted beside the system's authorities. */
  readonly trustedKeys: readonly string[];
}

export interface Browser {
  /** Opens a page in a window of this size and resolves when it has loaded. */
  open(url: string, size: { readonly width: number; readonly height: number }): Promise<void>;
  /** What an expression is in the page, or what its promise becomes, as JSON can carry it. Rejects with what it throws. */
  evaluate<T>(expression: string): Promise<T>;
  /** Evaluates what leads to another page, and resolves when that has loaded. */
  follow(expression: string): Promise<void>;
  /** The whole page as PNG. */
  screenshot(): Promise<Buffer>;
  /** What the browser has complained of: console messages, blocked content, failed loads. */
  complaints(): readonly string[];
  close(): Promise<void>;
}

/** Nothing is left running when it rejects. */
export async function startBrowser({ trustedKeys }: BrowserOptions): Promise<Browser> {
  const program = await chromium();
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-chromium-"));
  let started: Program | undefined;
  const stop = async () => {
    await started?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    started = await startProgram(
      program,
      [
        ...["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0"],
        ...["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        // Chromium's own requests: nothing but this machine can be resolved.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        `--user-data-dir=${folder}`,
        `--ignore-certificate-errors-spki-list=${trustedKeys.join(",")}`,
        "about:blank",
      ],
      { name: "chromium", logFolder: folder, env: { NODE_OPTIONS: "" } },
    );
    // Two lines: the port, and a path. Chromium creates the file before it writes them.
    const isWhole = (text: string) => text.includes("\n");
    const [port] = (await fileWrittenBy(started, join(folder, "DevToolsActivePort"), isWhole)).split("\n");
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Target[];
    const page = targets.find(({ type }) => type === "page");
    if (page === undefined) throw new Error("Chromium has opened no page");
    return await drive(page.webSocketDebuggerUrl, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Target {
  readonly type: string;
  readonly webSocketDebuggerUrl: string;
}

/** Path of Chromium. Rejects with how to get it where it can be neither found nor installed. */
async function chromium(): Promise<string> {
  const found = await find();
  if (found !== undefined) return found;
  process.stderr.write("installing Chromium (Debian's package, about a minute, once)\n");
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, maxBuffer: 2 ** 26 };
  try {
    await run("apt-get", ["update", "-qq"], options);
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], options);
  } catch (error) {
    throw new Error("Chromium is missing and could not be installed: apt-get install chromium", { cause: error });
  }
  return (await find()) ?? "chromium";
}

async function find(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const path = await run("sh", ["-c", `command -v ${name}`]).then(
      ({ stdout }) => stdout.trim(),
      () => "",
    );
    if (path !== "") return path;
  }
  return undefined;
}

/** A message of the DevTools protocol: an answer by its id, or an event by its method. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

async function drive(url: string, stop: () => Promise<void>): Promise<Browser> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error(`no connection to ${url}`)));
  });
  const answers = new Map<number, (message: Message) => void>();
  const events = new Map<string, () => void>();
  const complaints: string[] = [];
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) answers.get(message.id)?.(message);
    if (message.method === "Log.entryAdded" || message.method === "Runtime.exceptionThrown") {
      complaints.push(JSON.stringify(message.params));
    }
    events.get(message.method ?? "")?.();
  });
  let last = 0;
  const call = (method: string, params: object = {}) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const id = ++last;
      answers.set(id, ({ result, error }) => {
        answers.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  for (const domain of ["Page", "Log", "Runtime"]) await call(`${domain}.enable`);
  return {
    async open(address, size) {
      await call("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1, mobile: false });
      const loaded = new Promise<void>((resolve) => events.set("Page.loadEventFired", resolve));
      const { errorText } = await call("Page.navigate", { url: address });
      if (errorText !== undefined) throw new Error(`${address}: ${errorText}`);
      await loaded;
    },
    async evaluate<T>(expression: string) {
      const answer = await call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
      if (answer["exceptionDetails"] !== undefined) throw new Error(JSON.stringify(answer["exceptionDetails"]));
      return (answer["result"] as { value: T }).value;
    },
    async follow(expression) {
      const loaded = new Promise<void>((resolve) => events.set("Page.loadEventFired", resolve));
      await call("Runtime.evaluate", { expression });
      await loaded;
    },
    async screenshot() {
      const { data } = await call("Page.captureScreenshot", { captureBeyondViewport: true });
      return Buffer.from(String(data), "base64");
    },
    complaints: () => complaints,
    async close() {
      socket.close();
      await stop();
    },
  };
}
