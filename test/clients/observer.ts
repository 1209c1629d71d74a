// Observes the emulator from within its namespace, for a test outside it: observer.ts READY-FILE. Answers the lines
// `state`, `calls` and `token NAMESPACE NAME` with a line of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { connectAdmin, type ReadyFile } from "../support/emulator-admin.ts";

const ready = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as ReadyFile;
const admin = await connectAdmin(ready);

async function answer([word = "", ...rest]: readonly string[]): Promise<unknown> {
  if (word === "state") return admin.state();
  if (word === "calls") return admin.calls();
  const [namespace, name] = rest;
  const response = await fetch(`${ready.adminEndpoint}/tokens`, {
    method: "POST",
    headers: { "x-emulator-secret": ready.adminSecret, "content-type": "application/json" },
    body: JSON.stringify({ namespace, name }),
  });
  return response.json();
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line.split(" ")))}\n`);
}
