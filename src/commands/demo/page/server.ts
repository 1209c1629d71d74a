/**
 * The demo's page over plain HTTP on loopback: what the emulator holds, and forms. Closed to anyone who does not have its address,
 * which holds a secret, and to pages of other sites, which cannot know it.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PAGE_POLICY } from "../../../emulator/admin/live.ts";
import { renderPage } from "../../../emulator/admin/page.ts";
import { toStateView } from "../../../emulator/admin/state-view.ts";
import type { Emulator } from "../../../emulator/emulator.ts";
import { renderPanel } from "./panel.ts";
import type { DemoStage } from "./stage.ts";

export interface DemoPage {
  /** To be opened in a browser. */
  readonly url: string;
  close(): Promise<void>;
}

const LARGEST_FORM = 4_096;

type Act = (stage: DemoStage, form: URLSearchParams) => Promise<void>;

/** By the last part of the path. */
const FORMS: Readonly<Record<string, Act>> = {
  claims: (stage, form) => stage.makeClaim(form.get("name") ?? "", form.get("workload") ?? ""),
  deletions: (stage, form) => stage.deleteClaim(form.get("claim") ?? ""),
  attempts: (stage, form) => stage.attempt(form.get("claim") ?? "", form.get("who") ?? "", form.get("action") ?? ""),
};

/** `port` 0: the system chooses. Rejects when it is in use. */
export async function serveDemoPage(emulator: Emulator, stage: DemoStage, port: number): Promise<DemoPage> {
  const base = `/${randomBytes(16).toString("hex")}/`;
  let notice: string | undefined;
  const show = () => {
    const said = notice;
    notice = undefined;
    const state = toStateView(emulator.world, emulator.services.blobs);
    return renderPage(state, emulator.calls.report(), renderPanel(stage, base, said));
  };
  const act = async (request: IncomingMessage, name: string) => {
    try {
      await FORMS[name]?.(stage, await readForm(request));
    } catch (error) {
      notice = (error as { readonly details?: string }).details ?? (error as Error).message;
    }
  };
  const server = createServer(async (request, response) => {
    const { method = "", url = "" } = request;
    const form = url.startsWith(base) ? url.slice(base.length) : "";
    if (method === "GET" && url === base) return send(response, 200, show());
    if (method !== "POST" || FORMS[form] === undefined) return send(response, 404, "there is no such page\n");
    await act(request, form);
    // So that a reload does not send the form again.
    response.writeHead(303, { location: base }).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${chosen}${base}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  const type = status === 200 ? "text/html" : "text/plain";
  response
    .writeHead(status, {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": PAGE_POLICY,
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    })
    .end(body);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_FORM) throw new Error("the form is too long");
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
