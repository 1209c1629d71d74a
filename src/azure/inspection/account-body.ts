/** What the SDK would send for a new account: never written a second time here, so that a dry run is about the same body. */
import { type StorageAccountCreateParameters, StorageManagementClient } from "@azure/arm-storage";
import type { HttpClient } from "@azure/core-rest-pipeline";

const NOBODY = { getToken: async () => ({ token: "none", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
const NOWHERE = { endpoint: "https://127.0.0.1", retryOptions: { maxRetries: 0 } };

/** ARM's JSON. Nothing is sent: the request ends where it would leave the process. */
export async function bodyOf(parameters: StorageAccountCreateParameters): Promise<Readonly<Record<string, unknown>>> {
  let body: unknown;
  const kept = new Error("kept");
  const httpClient: HttpClient = {
    async sendRequest(request) {
      body = request.body;
      throw kept;
    },
  };
  const client = new StorageManagementClient(NOBODY, "none", { ...NOWHERE, httpClient });
  try {
    await client.storageAccounts.create("none", "none", parameters).submitted();
  } catch (error) {
    if (error !== kept) throw error;
  }
  return JSON.parse(String(body)) as Record<string, unknown>;
}
