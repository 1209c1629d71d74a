/** What Azure's Blob service can do and this one cannot: said in Azure's words, never passed over in silence. */
import type { Reply } from "../http.ts";
import { requireBlob } from "./blob-answer.ts";
import { BlobError } from "./errors.ts";
import type { BlobRequest } from "./request.ts";

/** Headers that change what is stored, so that ignoring them would be a lie. */
const HEADERS = ["x-ms-encryption-key", "x-ms-encryption-scope", "x-ms-source-encryption-key"];

/** Any operation on pages: no page blob can be made here, so the blob is of the wrong type. */
export function refusePages(request: BlobRequest): Reply {
  requireBlob(request);
  throw new BlobError("InvalidBlobType");
}

/** 400 UnsupportedHeader for customer-provided keys and encryption scopes; 501 for the Data Lake endpoint. */
export function refuseUnsupported({ call }: Pick<BlobRequest, "call">): void {
  if (/\.dfs\./.test(call.host)) {
    const message = "The Data Lake Storage endpoint is not emulated; use the blob endpoint of the account.";
    throw new BlobError("NotImplemented", { message });
  }
  const found = HEADERS.find((name) => call.headers[name] !== undefined);
  if (found !== undefined) throw new BlobError("UnsupportedHeader", { details: { HeaderName: found } });
}
