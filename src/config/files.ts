/** Files and folders that settings name, looked at before anything else is done: a mistake is reported with the setting. */
import { X509Certificate } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileFault } from "../text/file-faults.ts";
import { isPath, NO_PATH, value } from "./kinds.ts";
import type { Kind, ParsedSetting } from "./setting.ts";

/** What is wrong with a file that is to be read, continuing the line after its name; undefined: it can be read. */
export function findReadFault(path: string): { readonly wrong: string; readonly fix: string } | undefined {
  try {
    const file = openSync(path, "r");
    try {
      // A folder opens like a file; reading one byte is what fails.
      if (fstatSync(file).isDirectory()) return fileFault({ code: "EISDIR" });
      readSync(file, Buffer.alloc(1), 0, 1, null);
    } finally {
      closeSync(file);
    }
    return undefined;
  } catch (error) {
    return fileFault(error);
  }
}

/** The same for a file of PEM certificates. */
export function findCertificateFault(path: string): { readonly wrong: string; readonly fix: string } | undefined {
  try {
    return isCertificate(readFileSync(path)) ? undefined : NO_CERTIFICATE;
  } catch (error) {
    return fileFault(error);
  }
}

const NO_CERTIFICATE = {
  wrong: "holds no certificate",
  fix: "name a PEM file that begins with -----BEGIN CERTIFICATE-----",
};

function isCertificate(content: Buffer): boolean {
  try {
    return content.includes("-----BEGIN CERTIFICATE-----") && new X509Certificate(content).raw.length > 0;
  } catch {
    return false;
  }
}

/** A path of PEM certificates. */
export const certificateFile: Kind<string> = value("FILE", { type: "string" }, (text) => {
  const fault = isPath(text) ? findCertificateFault(text) : NO_PATH;
  return fault === undefined ? { value: text } : fault;
});

/** A path at which a file can be, in a folder that exists. */
export const writableFile: Kind<string> = value("FILE", { type: "string" }, readWritable);

function readWritable(text: string): ParsedSetting<string> {
  if (!isPath(text)) return NO_PATH;
  if (statSync(text, { throwIfNoEntry: false })?.isDirectory() === true) return fileFault({ code: "EISDIR" });
  const folder = dirname(text);
  try {
    if (statSync(folder).isDirectory()) return { value: text };
    return { wrong: `leads through ${folder}, which is not a folder`, fix: "correct the path" };
  } catch {
    return { wrong: `is in folder ${folder}, which does not exist`, fix: "create the folder, or name another file" };
  }
}
