/** Put Blob: a block blob in one call, or a new, empty append blob. */
import type { Reply } from "../../http/call.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import { invalidHeader, missingHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import type { StoredBody } from "../../storage/store/bodies.ts";
import { receiveContent, structuredAnswer } from "../http/body.ts";
import type { BlobRequest } from "../http/request.ts";
import { putBlobLimit } from "../http/versions.ts";
import { putDirectory } from "../namespace/directories.ts";
import { isMarkedAsFolder } from "../namespace/view.ts";
import { checkOverwrite, commitBlob, created, type Draft, readDraft } from "./write.ts";

/**
 * Put Blob: 201. The body of a block blob replaces the whole blob; conditions and lease are checked again at its end.
 */
export async function putBlob(request: BlobRequest): Promise<Reply> {
  const type = header(request, "x-ms-blob-type");
  if (type === undefined) throw missingHeader("x-ms-blob-type");
  if (type === "PageBlob") throw new StorageError("BlobTypeNotSupported");
  if (type !== "BlockBlob" && type !== "AppendBlob") throw invalidHeader("x-ms-blob-type", type);
  const draft = readDraft(request, type);
  if (namesDirectory(request, draft)) return created(putDirectory(request, draft.metadata), {});
  checkOverwrite(request);
  if (type === "AppendBlob") return commitAppendBlob(request, draft);
  const body = await receiveContent(request, putBlobLimit(request.version));
  try {
    return commitBody(request, draft, body);
  } finally {
    request.services.blobs.release(body);
  }
}

/** On a hierarchical account an empty blob that is marked as a folder becomes a directory. */
function namesDirectory(request: BlobRequest, { metadata }: Draft): boolean {
  const isEmpty = request.call.headers["content-length"] === "0";
  return isHierarchical(request.account) && isEmpty && isMarkedAsFolder(metadata);
}

function commitBody(request: BlobRequest, draft: Draft, body: StoredBody): Reply {
  const expected = draft.content.md5;
  if (expected !== undefined && expected !== body.md5) {
    throw new StorageError("Md5Mismatch", { details: { UserSpecifiedMd5: expected, ServerCalculatedMd5: body.md5 } });
  }
  // Put Blob is the one call for which the service stores the MD5 that it computed.
  const content = { ...draft.content, md5: body.md5 };
  const blob = commitBlob(request, { ...draft, content }, [{ body, offset: 0, length: body.size }]);
  const checks = { "content-md5": body.md5, "x-ms-content-crc64": body.crc64 };
  return created(blob, { ...checks, ...structuredAnswer(request) });
}

function commitAppendBlob(request: BlobRequest, draft: Draft): Reply {
  if (request.call.headers["content-length"] !== "0" && request.call.headers["transfer-encoding"] === undefined) {
    throw invalidHeader("Content-Length", request.call.headers["content-length"]);
  }
  return created(commitBlob(request, draft, []), {});
}
