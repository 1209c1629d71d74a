// The Data Lake SDK with an account's name in Azure: its calls are redirected to an emulator in this process, with the name as
// Host header, as name resolution would do.
import {
  type AnonymousCredential,
  DataLakeServiceClient,
  newPipeline,
  type StorageSharedKeyCredential,
} from "@azure/storage-file-datalake";
import type { Emulator } from "../../src/emulator/emulator.ts";

interface TokenSource {
  getToken(): Promise<{ token: string; expiresOnTimestamp: number }>;
}

/** `signature` is the query of a shared access signature. This process must trust the emulator's CA. */
export function connectDataLake(
  emulator: Emulator,
  account: string,
  credential: TokenSource | StorageSharedKeyCredential | AnonymousCredential,
  signature = "",
): DataLakeServiceClient {
  const pipeline = newPipeline(credential, { retryOptions: { maxTries: 1 } });
  pipeline.factories.push({
    create: (next) => ({
      sendRequest(request) {
        const { host, pathname, search } = new URL(request.url);
        request.headers.set("host", host);
        request.url = `${emulator.info.blobEndpoint}${pathname}${search}`;
        return next.sendRequest(request);
      },
    }),
  });
  const query = signature === "" ? "" : `/?${signature}`;
  return new DataLakeServiceClient(`https://${account}.dfs.core.windows.net${query}`, pipeline);
}
