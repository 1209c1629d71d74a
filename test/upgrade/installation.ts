// What an earlier version has left in Azure and in the cluster, put into an emulator by its administrator.
import { readFileSync } from "node:fs";
import type { CreateVolumeRequestInit } from "../../src/csi/proto.generated.ts";
import type { Emulator } from "../../src/emulator/emulator.ts";
import { administratorToken, send } from "../support/emulator-client.ts";

export interface Installation {
  readonly namespaceUid: string;
  readonly volumes: readonly {
    readonly claim: { readonly namespace: string; readonly name: string; readonly uid: string };
    readonly request: CreateVolumeRequestInit;
    readonly id: string;
    readonly context: Readonly<Record<string, string>>;
  }[];
  readonly accounts: readonly { readonly id: string; readonly tags: Readonly<Record<string, string>> }[];
  readonly containers: readonly { readonly id: string; readonly metadata: Readonly<Record<string, string>> }[];
  readonly roleAssignments: readonly { readonly id: string; readonly properties: Readonly<Record<string, unknown>> }[];
}

/** As `record.ts` wrote it in a checkout of that version. */
export function readInstallation(version: string): Installation {
  return JSON.parse(readFileSync(new URL(`${version}.json`, import.meta.url), "utf8")) as Installation;
}

export async function install(
  emulator: Emulator,
  { accounts, containers, roleAssignments }: Installation,
): Promise<void> {
  const authorization = `Bearer ${await administratorToken(emulator)}`;
  const put = async (id: string, apiVersion: string, body: object): Promise<void> => {
    const headers = { authorization, "content-type": "application/json" };
    const request = { method: "PUT", headers, body: JSON.stringify(body) };
    const { status, text } = await send(emulator, `${id}?api-version=${apiVersion}`, request);
    if (status >= 300) throw new Error(`PUT ${id}: ${status} ${text}`);
  };
  for (const { id, ...account } of accounts) await put(id, "2025-06-01", account);
  for (const { id, metadata } of containers) await put(id, "2025-06-01", { properties: { metadata } });
  for (const { id, properties } of roleAssignments) await put(id, "2022-04-01", { properties });
}
