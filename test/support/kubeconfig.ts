// A kubeconfig for one API server and one user, as JSON, which is YAML too.
import { writeFile } from "node:fs/promises";

export interface ApiServerAccess {
  readonly server: string;
  /** PEM file; without it the certificate is not verified. */
  readonly caFile?: string;
  readonly token?: string;
  /** Of the context. */
  readonly namespace?: string;
}

/** Writes the file, readable for this user alone, and answers its path. */
export async function writeKubeconfig(file: string, access: ApiServerAccess): Promise<string> {
  const { server, caFile, token, namespace } = access;
  const trust = caFile === undefined ? { "insecure-skip-tls-verify": true } : { "certificate-authority": caFile };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, ...trust } }],
    users: [{ name: "test", user: token === undefined ? {} : { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace } }],
    "current-context": "test",
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
