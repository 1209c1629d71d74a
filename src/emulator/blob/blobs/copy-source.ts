/**
 * The source of a copy (`x-ms-copy-source`): another blob of this emulator, read with the caller's own token or key
 * when it is in the same account, else with what the source's URL or `x-ms-copy-source-authorization` brings.
 */
import type { Call } from "../../http/call.ts";
import type { BlobTarget } from "../../services.ts";
import { invalidHeader, missingHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { authenticate } from "../auth/authenticate.ts";
import { authorize } from "../auth/authorize.ts";
import { RIGHTS } from "../auth/rights.ts";
import { checkSourceConditions } from "../http/conditions.ts";
import { type BlobRequest, parseAddress } from "../http/request.ts";
import { requireFile } from "../namespace/directories.ts";
import { nameIn } from "../namespace/names.ts";
import { requireBlobOrSnapshot } from "./find.ts";
import { requireOnline } from "./tier.ts";

const BLOB_HOST = /^([^.]+)\.blob\.core\.windows\.net$/;

export interface CopySource {
  readonly blob: Blob;
  /** Without the signature that may be in its query. */
  readonly url: string;
}

/** Finds the source and checks right and conditions; what is wrong with it is answered as CannotVerifyCopySource. */
export async function openCopySource(request: BlobRequest): Promise<CopySource> {
  const value = header(request, "x-ms-copy-source");
  if (value === undefined) throw missingHeader("x-ms-copy-source");
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) throw invalidHeader("x-ms-copy-source", value);
  try {
    const source = await openSourceRequest(request, url);
    authorize(source, RIGHTS.readBlob);
    const blob = requireBlobOrSnapshot(source);
    requireFile(blob);
    requireOnline(request, blob.tier);
    checkSourceConditions(request, blob);
    return { blob, url: `${url.origin}${url.pathname}` };
  } catch (error) {
    throw asCopyError(error);
  }
}

/** The status and text of what went wrong at the source, under the code that copies have for it. */
function asCopyError(error: unknown): unknown {
  if (!(error instanceof StorageError) || error.code === "SourceConditionNotMet") return error;
  const details = { CopySourceStatusCode: String(error.status), CopySourceErrorCode: error.code };
  return new StorageError("CannotVerifyCopySource", { status: error.status, message: error.message, details });
}

async function openSourceRequest(request: BlobRequest, url: URL): Promise<BlobRequest> {
  const target = sourceTarget(request, url);
  const account = request.services.world.accounts.get(target.account);
  if (account === undefined) throw new StorageError("ResourceNotFound");
  const authorization = header(request, "x-ms-copy-source-authorization");
  const call: Call = {
    ...request.call,
    method: "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: { "x-ms-version": request.version, ...(authorization === undefined ? {} : { authorization }) },
  };
  const head = { ...request, call, target, account };
  const bringsItsOwn = authorization !== undefined || url.searchParams.has("sig");
  const isSameAccount = account === request.account;
  // A signature was checked for the destination alone.
  const isCallers = isSameAccount && !bringsItsOwn && request.caller.kind !== "sas";
  const caller = isCallers ? request.caller : await authenticate(head);
  const address = parseAddress(target.path, url.searchParams);
  return { ...head, ...address, blob: nameIn(account, address.blob), caller };
}

/** Source URLs are of the same two forms as the emulator's own; nothing outside of it is ever fetched. */
function sourceTarget({ call }: BlobRequest, url: URL): BlobTarget {
  const named = BLOB_HOST.exec(url.hostname)?.[1];
  if (named !== undefined) return { account: named, path: url.pathname, pathStyle: false };
  if (url.host !== new URL(call.origin).host) throw new StorageError("ResourceNotFound");
  const [, account = "", path = "/"] = /^\/([^/]*)(\/.*)?$/.exec(url.pathname) ?? [];
  return { account, path, pathStyle: true };
}
