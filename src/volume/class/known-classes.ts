/**
 * What follows from a class's parameters alone, computed for its first volume: reading and hashing them costs more than all
 * else that is computed for a volume, and thousands of volumes have the same ones.
 */
import type { Backend } from "../../backend/backend.ts";
import { remembering } from "../../concurrency/remembered.ts";
import { hashOf } from "../names.ts";
import type { AccountShape } from "../ports.ts";
import type { Settings } from "../settings.ts";
import { findIgnored, parseVolumeClass } from "./parse-class.ts";
import { furtherPlaces } from "./places.ts";
import { accountShapeOf, type VolumeClass } from "./volume-class.ts";

/** Shared by all volumes of the class: nobody may change it. */
export interface KnownClass {
  readonly volumeClass: VolumeClass;
  readonly accountShape: AccountShape;
  /** Hash of the parameters, their names without case. */
  readonly requestHash: string;
  /** The class in each place to which it goes on when a quota is met. */
  readonly places: readonly VolumeClass[];
  /** What to report of parameters that are accepted and do nothing. */
  readonly ignored: readonly string[];
}

type Parameters = Readonly<Record<string, string>>;
type Find = (parametersAsJson: string) => KnownClass;

/** The same parameters are another class under other settings, and of another kind of storage. */
const bySettings = new WeakMap<Settings, WeakMap<object, Find>>();

/** Throws InvalidRequest, as `parseVolumeClass`. */
export function findClass<Class extends VolumeClass>(
  parameters: Parameters,
  settings: Settings,
  backend: Backend<Class>,
): KnownClass {
  const byBackend = bySettings.get(settings) ?? new WeakMap<object, Find>();
  bySettings.set(settings, byBackend);
  const find = byBackend.get(backend) ?? remembering((json) => readClass(JSON.parse(json), settings, backend));
  byBackend.set(backend, find);
  // In another order they are read once more, with the same result.
  return find(JSON.stringify(parameters));
}

function readClass<Class extends VolumeClass>(
  parameters: Parameters,
  settings: Settings,
  backend: Backend<Class>,
): KnownClass {
  const volumeClass = parseVolumeClass(parameters, settings, backend);
  return {
    volumeClass,
    accountShape: accountShapeOf(backend.parameters, volumeClass),
    requestHash: hashOf(lowerCaseKeys(parameters)),
    places: furtherPlaces(volumeClass, parameters, { settings, backend }),
    ignored: findIgnored(backend.parameters, parameters),
  };
}

function lowerCaseKeys(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key.toLowerCase(), value]));
}
