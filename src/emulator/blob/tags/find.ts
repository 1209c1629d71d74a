/** Find Blobs by Tags: over the account (`GET /?comp=blobs`) or in one container, by an expression in `where`. */

import type { Reply } from "../../http/call.ts";
import { liveContainers } from "../../storage/containers.ts";
import { invalidQuery, StorageError } from "../../storage/errors.ts";
import { nameXml } from "../blobs/list-view.ts";
import { requireContainer } from "../containers/find.ts";
import { readMarker, readPageSize, serviceEndpoint, writeMarker } from "../http/paging.ts";
import type { BlobRequest } from "../http/request.ts";
import { element, escapeXml, xmlDocument } from "../http/xml.ts";
import { parseTagQuery, type TagTest } from "./query.ts";
import { tagsXml } from "./tags.ts";

interface Hit {
  readonly key: string;
  readonly xml: string;
}

export function findBlobsByTags(request: BlobRequest): Reply {
  const { query } = request.call;
  const where = query.get("where");
  if (where === null || where === "") {
    throw new StorageError("MissingRequiredQueryParameter", { details: { QueryParameterName: "where" } });
  }
  const test = parseTagQuery(where, () => invalidQuery("where", where, "The expression cannot be read."));
  const size = readPageSize(query);
  const from = readMarker(query) ?? "";
  const hits = findHits(request, test).filter(({ key }) => key >= from);
  const next = hits[size];
  const page = hits.slice(0, size).map(({ xml }) => xml);
  const blobs = page.length === 0 ? "<Blobs />" : `<Blobs>${page.join("")}</Blobs>`;
  const marker = element("NextMarker", next === undefined ? "" : writeMarker(next.key));
  const body = `${element("Where", where)}${blobs}${marker}`;
  const endpoint = escapeXml(serviceEndpoint(request));
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xmlDocument(`<EnumerationResults ServiceEndpoint="${endpoint}">${body}</EnumerationResults>`),
  };
}

function findHits(request: BlobRequest, test: TagTest): Hit[] {
  const { services, account } = request;
  const searched = request.container === "" ? liveContainers(services.world, account) : [requireContainer(request)];
  return searched
    .flatMap(({ name: container, uid }) => {
      const blobs = services.blobs.blobsOf(uid);
      return blobs.names().flatMap((name) => {
        const tags = blobs.find(name)?.tags ?? {};
        if (!test({ container, tags })) return [];
        const xml = `<Blob>${nameXml(name)}${element("ContainerName", container)}${tagsXml(tags)}</Blob>`;
        return [{ key: `${container}/${name}`, xml }];
      });
    })
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}
