/** Events on claims, for `kubectl describe pvc`: all that this program writes to the cluster. */
import { ApiException, type CoreV1Event } from "@kubernetes/client-node";
import { cut } from "../text/cut.ts";
import type { Claim, ClaimRef, Notice } from "../volume/ports.ts";
import { type Api, apiPath } from "./api.ts";
import { toDriverError } from "./faults.ts";

const COMPONENT = "keyless-csi";
/** events.k8s.io limits a note to 1,024 bytes; of a message that long, the end matters least. */
const MOST_CHARACTERS = 1_000;

/** A notice, and how `kubectl describe` shows it. */
export type ClaimEvent = Notice & { readonly type: "Normal" | "Warning" };

/**
 * The port's `warnClaim` and `informClaim`. The event's name consists of claim and reason, so that a retry finds the event (409)
 * and does not repeat it; the API server drops events after an hour.
 */
export async function createEvent(
  api: Api,
  { namespace, name }: ClaimRef,
  { uid }: Pick<Claim, "uid">,
  { type, reason, message }: ClaimEvent,
): Promise<void> {
  const now = new Date();
  const body = {
    metadata: { name: `${COMPONENT}.${uid}.${reason.toLowerCase()}`, namespace },
    involvedObject: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
    type,
    reason,
    // Tenants read it, and it quotes a class's own mount options.
    message: cut(message, MOST_CHARACTERS),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
  try {
    await api.create<CoreV1Event>(apiPath`/api/v1/namespaces/${namespace}/events`, body);
  } catch (error) {
    if (error instanceof ApiException && error.code === 409) return;
    throw toDriverError(error, `writing an event on claim ${namespace}/${name}`);
  }
}
