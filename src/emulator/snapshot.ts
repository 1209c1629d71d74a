/**
 * The emulator's state as one file (`--state FILE`): the world, the blobs' records, the signing keys and the clock. The
 * blobs' bodies stay where they are, in a folder beside the file.
 */
import { readFileSync } from "node:fs";
import type { SavedBlobs } from "./storage/store/store.ts";
import { createWorld, type World } from "./world.ts";
import { writeWhole } from "./write-whole.ts";

/** What is saved from one run to the next. */
export interface Snapshot {
  readonly world: World;
  readonly blobs: SavedBlobs;
  /** PEM: tokens and federated trust outlive a restart. */
  readonly keys: { readonly entra: string; readonly issuer: string };
  /** The built-in issuer's address, which changes with the port. */
  readonly issuer: string;
  /** How far the emulator's clock was ahead of real time. */
  readonly clockOffsetMs: number;
}

const FORMAT = 1;

/** The folder with the bodies of the blobs in a state file. */
export function blobFolderOf(stateFile: string): string {
  return `${stateFile}.blobs`;
}

/** Writes the file whole or not at all, readable by its owner only: it contains keys and secrets. */
export function saveSnapshot(path: string, snapshot: Snapshot): void {
  const mapsMarked = (_key: string, value: unknown) => (value instanceof Map ? { $map: [...value] } : value);
  writeWhole(path, JSON.stringify({ format: FORMAT, ...snapshot }, mapsMarked));
}

/** Undefined when the file does not exist yet; throws a readable Error when it is not a state file of this emulator. */
export function loadSnapshot(path: string): Snapshot | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const { format, world, ...rest } = JSON.parse(text, withMaps) as Snapshot & { format?: unknown };
    if (format !== FORMAT) throw new Error(`its format is ${String(format)}, this emulator writes ${FORMAT}`);
    // A map that the file does not have yet is empty.
    return { ...rest, world: { ...createWorld(), ...world } };
  } catch (error) {
    // What JSON.parse says quotes the file, which contains keys.
    const reason = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message;
    throw new Error(`${path} is not a state file: ${reason}`);
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function withMaps(_key: string, value: unknown): unknown {
  const entries = typeof value === "object" && value !== null && "$map" in value ? value.$map : undefined;
  return Array.isArray(entries) ? new Map(entries as [unknown, unknown][]) : value;
}

/** Federated credentials that trust the built-in issuer keep trusting it at its new address. */
export function moveIssuer(world: World, from: string, to: string): void {
  for (const holder of [...world.identities.values(), ...world.principals.values()]) {
    for (const credential of holder.federatedCredentials.values()) {
      if (credential.issuer === from) credential.issuer = to;
    }
  }
}
