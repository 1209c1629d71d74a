/**
 * Reads a cloud file and checks its shape, so that a broken one is a configuration error and not a failure of the first
 * call to Azure. Unknown fields are ignored: the emulator writes more than is read here.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { limitsFault } from "../text/azure-limits.ts";
import { guid, isNilGuid, NIL_GUID } from "../text/azure-names.ts";
import { fileFault } from "../text/file-faults.ts";
import { accepts } from "../text/values.ts";
import type { CloudFile } from "./cloud.ts";
import { clusterId } from "./controller-kinds.ts";
import { value } from "./kinds.ts";
import type { Kind, ParsedSetting } from "./setting.ts";

const NO_CLOUD_FILE = "name what `keyless-csi emulator --ready-file FILE` writes, or a file with the same fields";

type Check = (value: unknown) => string | undefined;

const isText: Check = (value) => (typeof value === "string" && value !== "" ? undefined : "must be a string");
const isGuid: Check = (value) => {
  if (typeof value === "string" && isNilGuid(value)) return NIL_GUID.wrong;
  return typeof value === "string" && accepts(guid, value) ? undefined : "must be a GUID";
};
const isClusterId: Check = (value) => {
  const parsed = clusterId.parse([typeof value === "string" ? value : ""]);
  return "wrong" in parsed ? parsed.wrong : undefined;
};
const isHttps: Check = (value) =>
  typeof value === "string" && URL.canParse(value) && new URL(value).protocol === "https:"
    ? undefined
    : "must be an https:// URL";
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);

const FIELDS: Readonly<Record<string, Check>> = {
  armEndpoint: isHttps,
  authorityHost: isHttps,
  blobEndpoint: isHttps,
  caFile: maybe(isText),
  tenantId: isGuid,
  subscriptionId: isGuid,
  resourceGroup: isText,
  location: isText,
  clusterId: maybe(isClusterId),
  requestLimits: maybe(limitsFault),
};
const CONTROLLER_FIELDS: Readonly<Record<string, Check>> = { clientId: isGuid, tokenFile: isText };

/** A path whose file is read at once. Relative paths in the file start at its own folder. */
export const cloudFile: Kind<CloudFile> = value("FILE", { type: "string" }, readCloudFile);

function readCloudFile(path: string): ParsedSetting<CloudFile> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return error instanceof SyntaxError ? { wrong: "is not JSON", fix: NO_CLOUD_FILE } : fileFault(error);
  }
  return parseCloudFile(content, dirname(resolve(path)));
}

/** The content of a cloud file as a CloudFile, or all that is wrong with its fields. Its paths are relative to `folder`. */
function parseCloudFile(content: unknown, folder: string): ParsedSetting<CloudFile> {
  if (!isObject(content)) return { wrong: "must hold one JSON object" };
  const wrong = findWrong(content, FIELDS, "");
  const controller = content["controller"];
  if (controller !== undefined) {
    if (!isObject(controller)) wrong.push("controller must be an object");
    else wrong.push(...findWrong(controller, CONTROLLER_FIELDS, "controller."));
  }
  if (wrong.length > 0) return { wrong: `is not a cloud file: ${wrong.join(", ")}`, fix: NO_CLOUD_FILE };
  return { value: withPaths(content as unknown as CloudFile, folder) };
}

function findWrong(content: Record<string, unknown>, fields: Readonly<Record<string, Check>>, prefix: string) {
  return Object.entries(fields).flatMap(([name, check]) => {
    const complaint = check(content[name]);
    return complaint === undefined ? [] : [`${prefix}${name}${complaint.startsWith(".") ? "" : " "}${complaint}`];
  });
}

function withPaths(file: CloudFile, folder: string): CloudFile {
  const controller = file.controller;
  return {
    ...file,
    caFile: file.caFile === undefined ? undefined : resolve(folder, file.caFile),
    controller:
      controller === undefined ? undefined : { ...controller, tokenFile: resolve(folder, controller.tokenFile) },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
