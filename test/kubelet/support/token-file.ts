// The file in which a node plugin keeps the token of an identity for an account.
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeWhole } from "../../../src/emulator/write-whole.ts";
import { StatusError } from "./grpc-server.ts";
import { KUBELET_FOLDER } from "./kubelet.ts";

/** Hard-coded in the OSS plugin, whatever its driver name. */
export const TOKEN_FOLDER = join(KUBELET_FOLDER, "plugins", "blob.csi.azure.com");

export function tokenFile(clientId: string, account: string): string {
  return join(TOKEN_FOLDER, `${clientId}-${account}`);
}

/**
 * All pods of an identity and an account on a node share the file, and the kubelet publishes for several of them at once. The
 * OSS plugin overwrites the file in place (v1.27.9, os.WriteFile), so two tokens of different lengths can mix, and Entra
 * refuses the mixture (AADSTS50013) until the next publication. Here the file is always one token or the other: what these
 * tests look for is not that.
 */
export async function writeToken(file: string, token: string): Promise<void> {
  if ((await readFile(file, "utf8").catch(() => "")) === token) return;
  await stat(dirname(file)).catch(() => {
    throw new StatusError("INTERNAL", `failed to write workload identity token file ${file}: no such folder`);
  });
  writeWhole(file, token);
}
