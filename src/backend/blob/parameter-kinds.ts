/** How the values of blob parameters are read whose refusal says more than which values there are. */
import { choice, type Parsed } from "../../text/values.ts";
import type { EarlierFields } from "../../volume/class/parameter-row.ts";

/** The spellings that Azure uses; those of provisioned v2 accounts are for files only and not among them. */
const SKUS = [
  "Standard_LRS",
  "Standard_GRS",
  "Standard_RAGRS",
  "Standard_ZRS",
  "Standard_GZRS",
  "Standard_RAGZRS",
  "Premium_LRS",
  "Premium_ZRS",
] as const;

type Sku = (typeof SKUS)[number];
type Tier = "Hot" | "Cool" | "Cold" | "Premium";

const sku = choice(SKUS);

/** The redundancy of an account. */
export function readSku(text: string): Parsed<Sku> {
  const parsed = sku(text);
  const isOfFiles = /^(Standard|Premium)V2_/i.test(text);
  if ("value" in parsed || !isOfFiles) return parsed;
  return { ...parsed, fix: `${parsed.fix}; provisioned v2 accounts hold file shares only` };
}

/** A Premium account has the one tier of its own. */
export function readTier(text: string, { skuName }: EarlierFields): Parsed<Tier> {
  const isPremium = typeof skuName === "string" && skuName.startsWith("Premium");
  return choice<Tier>(isPremium ? ["Premium"] : ["Hot", "Cool", "Cold"])(text);
}

/** Of blob.csi.azure.com's node plugin, where it says which API blobfuse2 uses. An SKU is what its name suggests. */
export function readAccountType(text: string): Parsed<"block" | "adls"> {
  const parsed = choice(["block", "adls"])(text);
  const asSku = sku(text);
  if ("value" in parsed || !("value" in asSku)) return parsed;
  return { ...parsed, fix: `remove it; the redundancy of an account is skuName "${asSku.value}"` };
}

const NOT_OFFERED: readonly (readonly [RegExp, string])[] = [
  [/^(az)?nfs(v[34])?$/, "NFS asks for no identity: everybody in the network reads all of it"],
  [/^smb$/, "SMB is for Azure Files"],
];

/**
 * `fuse` is the default of blob.csi.azure.com, so that its classes say it; only blobfuse2 signs in with a token. Its other
 * values: supportedProtocolList in its pkg/blob/blob.go.
 */
export function readProtocol(text: string): Parsed<"fuse2"> {
  const lower = text.toLowerCase();
  if (lower === "fuse" || lower === "fuse2") return { value: "fuse2" };
  const reason = NOT_OFFERED.find(([form]) => form.test(lower))?.[1];
  return { wrong: "is not offered", fix: `remove it or use fuse2${reason === undefined ? "" : `; ${reason}`}` };
}
