/**
 * Get Account Information, Get and Set Blob Service Properties. CORS, soft delete and the default version are what ARM
 * shows as the account's `blobServices/default`; logging, metrics and the static website are stored as they were sent.
 */
import type { Reply } from "../../http/call.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import { StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";
import { readXmlBody } from "../http/body.ts";
import { type CorsRule, corsRules } from "../http/cors.ts";
import type { BlobRequest } from "../http/request.ts";
import { isKnownVersion } from "../http/versions.ts";
import { element, optionalElement, type XmlElement, xmlDocument } from "../http/xml.ts";

/** In the order in which they are written. */
const KEPT = ["Logging", "HourMetrics", "MinuteMetrics", "StaticWebsite"];
const DEFAULTS: Readonly<Record<string, string>> = {
  Logging:
    "<Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>",
  HourMetrics:
    "<Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>",
  MinuteMetrics:
    "<Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>",
  StaticWebsite: "<Enabled>false</Enabled>",
};

/** Get Account Information (`restype=account&comp=properties`): what kind of account this is. */
export function getAccountInfo({ account }: BlobRequest): Reply {
  return {
    status: 200,
    headers: {
      "x-ms-sku-name": account.sku.name,
      "x-ms-account-kind": account.kind,
      "x-ms-is-hns-enabled": String(isHierarchical(account)),
    },
  };
}

/** Get Blob Service Properties. */
export function getServiceProperties(request: BlobRequest): Reply {
  const { account } = request;
  const kept = request.services.blobs.serviceElements(account.id);
  const keptXml = (name: string): string => `<${name}>${kept[name] ?? DEFAULTS[name]}</${name}>`;
  const version = account.blobService["defaultServiceVersion"];
  const elements = [
    ...KEPT.slice(0, 3).map(keptXml),
    corsXml(account),
    optionalElement("DefaultServiceVersion", typeof version === "string" ? version : undefined),
    retentionXml(account),
    keptXml("StaticWebsite"),
  ];
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xmlDocument(`<StorageServiceProperties>${elements.join("")}</StorageServiceProperties>`),
  };
}

/** Set Blob Service Properties: 202; an element that is not sent stays as it is. */
export async function setServiceProperties(request: BlobRequest): Promise<Reply> {
  const root = await readXmlBody(request, "StorageServiceProperties");
  const { account } = request;
  const changes: Record<string, unknown> = {};
  const kept: Record<string, string> = {};
  for (const node of root.children) {
    if (KEPT.includes(node.name)) kept[node.name] = innerXml(node);
    else Object.assign(changes, readElement(node));
  }
  Object.assign(account.blobService, changes);
  request.services.blobs.keepServiceElements(account.id, kept);
  return { status: 202 };
}

function readElement(node: XmlElement): Record<string, unknown> {
  if (node.name === "Cors") return { cors: { corsRules: node.children.map(readRule) } };
  if (node.name === "DeleteRetentionPolicy") return { deleteRetentionPolicy: readRetention(node) };
  if (node.name !== "DefaultServiceVersion") {
    throw new StorageError("UnsupportedXmlNode", { details: { XmlNodeName: node.name } });
  }
  if (!isKnownVersion(node.text)) throw new StorageError("InvalidXmlDocument");
  return { defaultServiceVersion: node.text };
}

function readRule(node: XmlElement): CorsRule {
  const text = (name: string): string => node.children.find((each) => each.name === name)?.text ?? "";
  const list = (name: string): string[] => (text(name) === "" ? [] : text(name).split(","));
  return {
    allowedOrigins: list("AllowedOrigins"),
    allowedMethods: list("AllowedMethods"),
    allowedHeaders: list("AllowedHeaders"),
    exposedHeaders: list("ExposedHeaders"),
    maxAgeInSeconds: Number(text("MaxAgeInSeconds")) || 0,
  };
}

function readRetention(node: XmlElement): Record<string, unknown> {
  const text = (name: string): string | undefined => node.children.find((each) => each.name === name)?.text;
  const isEnabled = text("Enabled") === "true";
  const days = Number(text("Days"));
  if (isEnabled && !(days >= 1 && days <= 365)) throw new StorageError("InvalidXmlDocument");
  const permanent = text("AllowPermanentDelete") === "true" ? { allowPermanentDelete: true } : {};
  return isEnabled ? { enabled: true, days, ...permanent } : { enabled: false };
}

function corsXml(account: StorageAccount): string {
  const rules = corsRules(account).map((rule) => {
    const list = (name: string, values: readonly string[] | undefined) => element(name, (values ?? []).join(","));
    return `<CorsRule>${list("AllowedMethods", rule.allowedMethods)}${list("AllowedOrigins", rule.allowedOrigins)}${list("AllowedHeaders", rule.allowedHeaders)}${list("ExposedHeaders", rule.exposedHeaders)}${element("MaxAgeInSeconds", rule.maxAgeInSeconds)}</CorsRule>`;
  });
  return rules.length === 0 ? "<Cors />" : `<Cors>${rules.join("")}</Cors>`;
}

interface RetentionPolicy {
  readonly enabled?: boolean;
  readonly days?: number;
  readonly allowPermanentDelete?: boolean;
}

function retentionXml(account: StorageAccount): string {
  const policy = account.blobService["deleteRetentionPolicy"] as RetentionPolicy | undefined;
  const isEnabled = policy?.enabled === true;
  const days = isEnabled ? optionalElement("Days", policy.days) : "";
  const permanent = isEnabled ? optionalElement("AllowPermanentDelete", policy.allowPermanentDelete) : "";
  return `<DeleteRetentionPolicy>${element("Enabled", isEnabled)}${permanent}${days}</DeleteRetentionPolicy>`;
}

function innerXml(node: XmlElement): string {
  return node.children
    .map((child) =>
      child.children.length > 0 ? `<${child.name}>${innerXml(child)}</${child.name}>` : element(child.name, child.text),
    )
    .join("");
}
