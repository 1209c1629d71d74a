/** Get and Set Container ACL: public access, and the stored access policies that service SAS can name. */
import type { Reply } from "../../http/call.ts";
import { touchContainer } from "../../storage/containers.ts";
import { StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { checkLease } from "../../storage/lease.ts";
import type { AccessPolicy } from "../../storage/store/container-blobs.ts";
import { readXmlBody } from "../http/body.ts";
import { checkContainerConditions } from "../http/conditions.ts";
import { versionHeaders } from "../http/headers.ts";
import type { BlobRequest } from "../http/request.ts";
import { element, optionalElement, type XmlElement, xmlDocument } from "../http/xml.ts";
import { requireContainer } from "./find.ts";
import { publicAccessHeader, readPublicAccess } from "./public-access.ts";

const MAX_POLICIES = 5;
const MAX_ID_LENGTH = 64;

/** Get Container ACL. */
export function getAccessPolicies(request: BlobRequest): Reply {
  const container = requireContainer(request);
  checkLease(request, container.lease, "Container", false);
  const policies = request.services.blobs.blobsOf(container.uid).accessPolicies();
  const items = policies.map(policyXml);
  const root =
    items.length === 0 ? "<SignedIdentifiers />" : `<SignedIdentifiers>${items.join("")}</SignedIdentifiers>`;
  return {
    status: 200,
    headers: {
      ...versionHeaders(container),
      ...publicAccessHeader(container),
      "content-type": "application/xml",
    },
    body: xmlDocument(root),
  };
}

/** Set Container ACL: replaces all policies and the public access; without the header the container becomes private. */
export async function setAccessPolicies(request: BlobRequest): Promise<Reply> {
  const publicAccess = readPublicAccess(request);
  const hasBody = header(request, "content-length") !== "0";
  const policies = hasBody ? readPolicies(await readXmlBody(request, "SignedIdentifiers")) : [];
  const container = requireContainer(request);
  checkContainerConditions(request, container);
  checkLease(request, container.lease, "Container", false);
  request.services.blobs.blobsOf(container.uid).setAccessPolicies(policies);
  container.publicAccess = publicAccess;
  touchContainer(container, request.services.clock.now());
  return { status: 200, headers: versionHeaders(container) };
}

function readPolicies(root: XmlElement): AccessPolicy[] {
  const policies = root.children.map(readPolicy);
  const isGood = policies.length <= MAX_POLICIES && policies.every(({ id }) => id !== "" && id.length <= MAX_ID_LENGTH);
  if (!isGood) throw new StorageError("InvalidXmlDocument");
  return policies;
}

function readPolicy(node: XmlElement): AccessPolicy {
  const child = (parent: XmlElement | undefined, name: string): XmlElement | undefined =>
    parent?.children.find((each) => each.name === name);
  const policy = child(node, "AccessPolicy");
  const fields = { start: "Start", expiry: "Expiry", permissions: "Permission" };
  const values = Object.entries(fields).flatMap(([name, tag]) => {
    const text = child(policy, tag)?.text.trim() ?? "";
    return text === "" ? [] : [[name, text]];
  });
  return { id: child(node, "Id")?.text ?? "", ...Object.fromEntries(values) };
}

function policyXml({ id, start, expiry, permissions }: AccessPolicy): string {
  const policy = [
    optionalElement("Start", start),
    optionalElement("Expiry", expiry),
    optionalElement("Permission", permissions),
  ].join("");
  const access = policy === "" ? "" : `<AccessPolicy>${policy}</AccessPolicy>`;
  return `<SignedIdentifier>${element("Id", id)}${access}</SignedIdentifier>`;
}
