/**
 * The source of a copy (`x-ms-copy-source`): another blob of this emulator. Copy Blob reads it with the caller's own token
 * or key when it is in the same account. All other copies, also within an account, need the source to be public, or to have
 * a signature in its URL or a token in `x-ms-copy-source-authorization` ("Copy Blob From URL", "Put Blob From URL", "Put
 * Block From URL"; azure-sdk-for-python#36176 shows the 401 within one account).
 */
import type { Call } from "../../http/call.ts";
import type { BlobTarget } from "../../services.ts";
import { invalidHeader, missingHeader, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import type { Blob } from "../../storage/store/blob-record.ts";
import { authenticate } from "../auth/authenticate.ts";
import { authorize } from "../auth/authorize.ts";
import { checkNetwork } from "../auth/firewall.ts";
import { RIGHTS } from "../auth/rights.ts";
import { checkSourceConditions } from "../http/conditions.ts";
import { type BlobRequest, parseAddress, withLowerNames } from "../http/request.ts";
import { requireFile } from "../namespace/directories.ts";
import { nameIn } from "../namespace/names.ts";
import { requireSelected } from "./find.ts";
import { requireOnline } from "./tier.ts";

const BLOB_HOST = /^([^.]+)\.blob\.core\.windows\.net$/;

export interface CopySource {
  readonly blob: Blob;
  /** Without the signature that may be in its query. */
  readonly url: string;
}

/** Who reads the source: "caller" for Copy Blob within an account, "own" when the source needs credentials of its own. */
export type SourceReader = "caller" | "own";

/** Finds the source and checks right and conditions; what is wrong with it is answered as CannotVerifyCopySource. */
export async function openCopySource(request: BlobRequest, reader: SourceReader): Promise<CopySource> {
  const value = header(request, "x-ms-copy-source");
  if (value === undefined) throw missingHeader("x-ms-copy-source");
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) throw invalidHeader("x-ms-copy-source", value);
  const authorization = sourceToken(request, reader);
  try {
    const source = await openSourceRequest(request, { url, reader, authorization });
    authorize(source, RIGHTS.readBlob);
    const blob = requireSelected(source);
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
  const details = {
    CopySourceStatusCode: String(error.status),
    CopySourceErrorCode: error.code,
    CopySourceErrorMessage: error.message,
  };
  return new StorageError("CannotVerifyCopySource", { status: error.status, message: error.message, details });
}

interface NamedSource {
  readonly url: URL;
  readonly reader: SourceReader;
  readonly authorization: string | undefined;
}

async function openSourceRequest(request: BlobRequest, named: NamedSource): Promise<BlobRequest> {
  const { url, reader, authorization } = named;
  const query = withLowerNames(url.searchParams);
  const target = sourceTarget(request, url);
  const account = request.services.world.accounts.get(target.account);
  if (account === undefined) throw new StorageError("ResourceNotFound");
  const call: Call = {
    ...request.call,
    method: "GET",
    path: url.pathname,
    query,
    headers: { "x-ms-version": request.version, ...(authorization === undefined ? {} : { authorization }) },
  };
  const head = { ...request, call, target, account };
  const bringsItsOwn = authorization !== undefined || query.has("sig");
  const isSameAccount = account === request.account;
  // A signature was checked for the destination alone.
  const isCallers = reader === "caller" && isSameAccount && !bringsItsOwn && request.caller.kind !== "sas";
  const caller = isCallers ? request.caller : await authenticate(head);
  checkNetwork(account);
  const address = parseAddress(target.path, query);
  return { ...head, ...address, blob: nameIn(account, address.blob), caller };
}

/**
 * `x-ms-copy-source-authorization`: "Only scheme bearer is supported" (Blob specification, CopySourceAuthorization). Copy
 * Blob does not have it.
 */
function sourceToken(request: BlobRequest, reader: SourceReader): string | undefined {
  const name = "x-ms-copy-source-authorization";
  const value = header(request, name);
  if (value === undefined) return undefined;
  if (reader === "caller") throw new StorageError("UnsupportedHeader", { details: { HeaderName: name } });
  if (!/^bearer /i.test(value)) throw invalidHeader(name, "");
  return value;
}

/** Source URLs are of the same two forms as the emulator's own; nothing outside of it is ever fetched. */
function sourceTarget({ call }: BlobRequest, url: URL): BlobTarget {
  const named = BLOB_HOST.exec(url.hostname)?.[1];
  if (named !== undefined) return { account: named, path: url.pathname, pathStyle: false };
  if (url.host !== new URL(call.origin).host) throw new StorageError("ResourceNotFound");
  const [, account = "", path = "/"] = /^\/([^/]*)(\/.*)?$/.exec(url.pathname) ?? [];
  return { account, path, pathStyle: true };
}
