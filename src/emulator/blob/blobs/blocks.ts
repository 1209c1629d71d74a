/** Block blobs in parts: Put Block, Put Block List, Get Block List. */
import type { Reply } from "../../http/call.ts";
import { invalidHeader, invalidQuery, StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireMutable } from "../../storage/protection.ts";
import { type Blob, type Block, isAppended } from "../../storage/store/blob-record.ts";
import type { Slice } from "../../storage/store/bodies.ts";
import type { Entry } from "../../storage/store/container-blobs.ts";
import { requireContainer } from "../containers/find.ts";
import { readXmlBody, receiveContent, structuredAnswer } from "../http/body.ts";
import { checkTags } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import type { BlobRequest } from "../http/request.ts";
import { putBlockLimit } from "../http/versions.ts";
import { element, type XmlElement, xmlDocument } from "../http/xml.ts";
import { requireFilePath } from "../namespace/directories.ts";
import { blobsOf, requireSelected } from "./find.ts";
import { checkOverwrite, commitBlob, created, readContentHeaders, readDraft } from "./write.ts";

const MAX_BLOCKS = 50_000;
const MAX_UNCOMMITTED = 100_000;
const MAX_ID_BYTES = 64;

/** Put Block: 201. It changes nothing that a reader sees until a block list names the block. */
export async function putBlock(request: BlobRequest): Promise<Reply> {
  const id = readBlockId(request);
  checkStaging(request, id);
  if (request.call.headers["content-length"] === "0") throw invalidHeader("Content-Length", "0");
  const body = await receiveContent(request, putBlockLimit(request.version));
  try {
    stage(request, { id, slice: { body, offset: 0, length: body.size } });
    const isMd5 = header(request, "content-md5") !== undefined;
    const checksum = isMd5 ? { "content-md5": body.md5 } : { "x-ms-content-crc64": body.crc64 };
    return {
      status: 201,
      headers: { ...checksum, ...structuredAnswer(request), "x-ms-request-server-encrypted": "true" },
    };
  } finally {
    request.services.blobs.release(body);
  }
}

/** Puts a block beside the blob, after a last look at blob and lease. */
export function stage(request: BlobRequest, block: Block): void {
  checkStaging(request, block.id);
  blobsOf(request).stage(request.blob, block);
}

/** `blockid`: base64 of at most 64 bytes. */
export function readBlockId({ call }: BlobRequest): string {
  const id = call.query.get("blockid");
  if (id === null || id === "") {
    throw new StorageError("MissingRequiredQueryParameter", { details: { QueryParameterName: "blockid" } });
  }
  const bytes = Buffer.from(id, "base64");
  if (bytes.toString("base64") !== id) throw invalidQuery("blockid", id, "Not a valid base64 string.");
  if (bytes.length > MAX_ID_BYTES) throw invalidQuery("blockid", id, "The block ID is longer than 64 bytes.");
  return id;
}

/** The uncommitted blocks, without what the Data Lake service has appended: "that file's blocks won't be visible". */
function blocksOf(entry: Entry | undefined): Block[] {
  return [...(entry?.uncommitted.values() ?? [])].filter(({ id }) => !isAppended(id));
}

/** All ids of a blob's uncommitted blocks have one length; the blob, when there is one, is a block blob. */
export function checkStaging(request: BlobRequest, id: string): void {
  const entry = blobsOf(request).entry(request.blob);
  const blob = entry?.blob;
  if (blob !== undefined && blob.type !== "BlockBlob") throw new StorageError("InvalidBlobType");
  requireFilePath(request);
  if (blob?.isMadeByDataLake === true) throw new StorageError("BlobOperationNotSupported");
  checkLease(request, blob?.lease ?? { state: "available" }, "Blob", true);
  requireMutable(requireContainer(request), blob, request.now);
  const staged = blocksOf(entry);
  if (staged[0] !== undefined && staged[0].id.length !== id.length) throw new StorageError("InvalidBlobOrBlock");
  if (staged.length >= MAX_UNCOMMITTED) throw new StorageError("BlockCountExceedsLimit");
}

/** Put Block List: 201. The named blocks, in their order, become the blob; blocks that it does not name are dropped. */
export async function putBlockList(request: BlobRequest): Promise<Reply> {
  // The plain content headers belong to the XML.
  const draft = { ...readDraft(request, "BlockBlob"), content: readContentHeaders(request, "") };
  checkOverwrite(request);
  const root = await readXmlBody(request, "BlockList");
  if (root.children.length > MAX_BLOCKS) throw new StorageError("BlockListTooLong");
  const entry = blobsOf(request).entry(request.blob);
  if (entry?.blob !== undefined && entry.blob.type !== "BlockBlob") throw new StorageError("InvalidBlobType");
  if (entry?.blob?.isMadeByDataLake === true) throw new StorageError("BlobOperationNotSupported");
  const committed = new Map((entry?.blob?.blocks ?? []).map((block) => [block.id, block]));
  const find = finder(committed, entry?.uncommitted ?? new Map());
  const blocks = root.children.map(find);
  const slices: Slice[] = blocks.map(({ slice }) => slice);
  const blob = commitBlob(request, draft, slices, { blocks });
  const md5 = header(request, "content-md5");
  return created(blob, md5 === undefined ? {} : { "content-md5": md5 });
}

type BlockMap = ReadonlyMap<string, Block>;

function finder(committed: BlockMap, uncommitted: BlockMap): (node: XmlElement) => Block {
  return ({ name, text }) => {
    const id = text.trim();
    const block = lookUp(name, id, committed, uncommitted);
    if (block === undefined) throw new StorageError("InvalidBlockList");
    return block;
  };
}

function lookUp(list: string, id: string, committed: BlockMap, uncommitted: BlockMap): Block | undefined {
  if (list === "Committed") return committed.get(id);
  if (list === "Uncommitted") return uncommitted.get(id);
  if (list === "Latest") return uncommitted.get(id) ?? committed.get(id);
  throw new StorageError("InvalidXmlDocument");
}

/** Get Block List: committed blocks in the blob's order, uncommitted ones by id; 404 when there is neither. */
export function getBlockList(request: BlobRequest): Reply {
  const type = request.call.query.get("blocklisttype")?.toLowerCase() ?? "committed";
  if (!["committed", "uncommitted", "all"].includes(type)) throw invalidQuery("blocklisttype", type);
  const { blob, uncommitted } = openLists(request);
  if (blob !== undefined) {
    if (blob.type !== "BlockBlob") throw new StorageError("InvalidBlobType");
    checkTags(request, blob);
    checkLease(request, blob.lease, "Blob", false);
  }
  const lists = [
    type === "uncommitted" ? "" : blockListXml("CommittedBlocks", blob?.blocks ?? []),
    type === "committed" ? "" : blockListXml("UncommittedBlocks", uncommitted),
  ];
  return {
    status: 200,
    headers: {
      "content-type": "application/xml",
      ...(blob === undefined ? {} : versionHeaders(blob)),
      "x-ms-blob-content-length": String(blob?.size ?? 0),
    },
    body: xmlDocument(`<BlockList>${lists.join("")}</BlockList>`),
  };
}

function openLists(request: BlobRequest): { blob: Blob | undefined; uncommitted: readonly Block[] } {
  if (request.call.query.has("snapshot") || request.call.query.has("versionid"))
    return { blob: requireSelected(request), uncommitted: [] };
  const entry = blobsOf(request).entry(request.blob);
  const uncommitted = blocksOf(entry).sort((one, other) => (one.id < other.id ? -1 : 1));
  if (entry?.blob === undefined && uncommitted.length === 0) throw new StorageError("BlobNotFound");
  return { blob: entry?.blob, uncommitted };
}

function blockListXml(name: string, blocks: readonly Block[]): string {
  const items = blocks.map(({ id, slice }) => `<Block>${element("Name", id)}${element("Size", slice.length)}</Block>`);
  return items.length === 0 ? `<${name} />` : `<${name}>${items.join("")}</${name}>`;
}
