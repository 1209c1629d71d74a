// The bare-requests reference: for each volume the same requests as the product's, sent with undici and nothing else. No SDK,
// no log, no names computed: what remains is the price of gRPC and of the requests themselves.
import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { type BareRequest, requestsFor } from "./plans.ts";
import { serve } from "./serve.ts";

const [socketPath = "", kinds = "[]", cloudFile = ""] = process.argv.slice(2);
const plan = JSON.parse(kinds) as readonly string[];
const cloud = JSON.parse(readFileSync(cloudFile, "utf8")) as { readonly armEndpoint: string };
const ca = readFileSync(cloudFile.replace(/cloud\.json$/, "ca.pem"));
const dispatcher = new Agent({ connect: { ca }, keepAliveTimeout: 600_000 });

serve(socketPath, async ({ kind, name }) => {
  if (kind === "create") for (const each of requestsFor(plan, name)) await send(each);
});

async function send({ method, path, headers, body }: BareRequest): Promise<void> {
  const options = { method, dispatcher, headers: { authorization: "Bearer bench", ...headers } };
  const answer = await request(`${cloud.armEndpoint}${path}`, body === undefined ? options : { ...options, body });
  const text = await answer.body.text();
  if (answer.statusCode >= 500) throw new Error(`${method} ${path}: ${answer.statusCode}`);
  if (text.startsWith("{")) JSON.parse(text);
}
