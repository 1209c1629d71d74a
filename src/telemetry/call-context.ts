/**
 * What a log line says of the call that it belongs to: by its id, its claim or its volume one search finds the whole story,
 * whichever replica, call or background task has written a part of it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { LogFields } from "./log.ts";

/** The shape of `volume/places.ts`, which this layer does not import. */
export interface VolumeIdentity {
  readonly name?: string | undefined;
  readonly id?: string | undefined;
  readonly claim?: { readonly namespace: string; readonly name: string } | undefined;
}

interface Context {
  readonly callId: string;
  readonly method?: string;
  readonly task?: string;
  /** Grows as the call learns more. */
  volume: VolumeIdentity;
}

export interface CallContext {
  inCall<T>(call: { callId: string; method: string; volume: VolumeIdentity }, work: () => Promise<T>): Promise<T>;
  /** A run of a background task, or the work of a command, with an id of its own. */
  inTask<T>(task: string, work: () => Promise<T>): Promise<T>;
  /** Of the call that is running; outside of one nothing happens. */
  identified(volume: VolumeIdentity): void;
  callId(): string | undefined;
  /** `{}` outside of a call. */
  fields(): LogFields;
}

/** Claims of volumes that were seen last: a deletion that fails before it has read the container still names its claim. */
const MOST_REMEMBERED = 2_000;

export function createCallContext(): CallContext {
  const running = new AsyncLocalStorage<Context>();
  const known = createKnownVolumes(MOST_REMEMBERED);
  const begin = (context: Context): Context => ({ ...context, volume: known.complete(context.volume) });
  return {
    inCall: (call, work) => running.run(begin(call), work),
    inTask: (task, work) => running.run({ callId: randomUUID(), task, volume: {} }, work),
    identified(volume) {
      const context = running.getStore();
      if (context === undefined || isPartOf(context.volume, volume)) return;
      // What the caller says, or has said earlier, is worth more than what stands in Azure, where a workload may rewrite it.
      const claim = context.volume.claim ?? known.claimOf(volume.id) ?? volume.claim;
      context.volume = known.complete({ ...context.volume, ...volume, ...(claim && { claim }) });
    },
    callId: () => running.getStore()?.callId,
    fields() {
      const context = running.getStore();
      return context === undefined ? {} : volumeFields(context.volume, context);
    },
  };
}

/** As every log line names a volume, and with it the call or task that it is of. */
export function volumeFields({ name, id, claim }: VolumeIdentity, of?: Omit<Context, "volume">): LogFields {
  const claimName = claim && `${claim.namespace}/${claim.name}`;
  if (of === undefined) return { volume: name, volumeId: id, claim: claimName };
  return { volume: name, volumeId: id, claim: claimName, callId: of.callId, method: of.method, task: of.task };
}

/** Whether what is said of the volume is known already. */
function isPartOf(
  known: VolumeIdentity,
  { name = known.name, id = known.id, claim = known.claim }: VolumeIdentity,
): boolean {
  return name === known.name && id === known.id && claim === known.claim;
}

/** By volume id, the one that was seen longest ago is forgotten first. */
function createKnownVolumes(most: number) {
  const known = new Map<string, VolumeIdentity>();
  return {
    claimOf: (id: string | undefined): VolumeIdentity["claim"] => (id === undefined ? undefined : known.get(id)?.claim),
    /** With what an earlier call has learnt of the same volume. */
    complete(volume: VolumeIdentity): VolumeIdentity {
      if (volume.id === undefined) return volume;
      const whole = { ...known.get(volume.id), ...volume };
      known.delete(volume.id);
      if (whole.claim !== undefined) known.set(volume.id, whole);
      for (const oldest of known.keys()) {
        if (known.size <= most) break;
        known.delete(oldest);
      }
      return whole;
    },
  };
}
