/** The record of an election as a Lease (coordination.k8s.io) in the namespace of the controller's own pod. */
import { ApiException, type V1Lease, V1MicroTime } from "@kubernetes/client-node";
import type { LeaseRecord, LeaseStore } from "../concurrency/leadership.ts";
import { apiPath } from "./api.ts";
import { connect } from "./clients.ts";
import { read, toDriverError } from "./faults.ts";

export interface LeaseOptions {
  /** Absent: the cluster that this process runs in. */
  readonly kubeconfig: string | undefined;
  readonly name: string;
}

export function createLeaseStore({ kubeconfig, name }: LeaseOptions): LeaseStore {
  const { api, namespace } = connect(kubeconfig);
  const all = apiPath`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const one = `${all}/${encodeURIComponent(name)}`;
  const title = `Lease ${namespace}/${name}`;
  // What a record was made of, so that a write keeps what it does not change.
  let known: V1Lease | undefined;
  const remember = (lease: V1Lease): LeaseRecord => {
    known = lease;
    return toRecord(lease);
  };
  return {
    async read() {
      const lease = await read(title, () => api.get<V1Lease>(one));
      return lease && remember(lease);
    },
    async write(wanted, before) {
      const replaced = known !== undefined && known.metadata?.resourceVersion === before?.version ? known : undefined;
      if (before !== undefined && replaced === undefined) return undefined;
      const body = toLease({ name, namespace }, wanted, replaced);
      try {
        return remember(await (replaced === undefined ? api.create(all, body) : api.replace(one, body)));
      } catch (error) {
        // 409: another version, or created in the meantime; 404: deleted by hand.
        if (error instanceof ApiException && [404, 409].includes(error.code)) return undefined;
        throw toDriverError(error, `writing ${title}`);
      }
    },
  };
}

function toRecord({ metadata, spec }: V1Lease): LeaseRecord {
  return {
    holder: spec?.holderIdentity ?? "",
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    version: metadata?.resourceVersion ?? "",
  };
}

/** Times and the number of changes are for people and `kubectl get lease`; nobody compares them. */
function toLease(
  metadata: { readonly name: string; readonly namespace: string },
  { holder, durationMs }: Pick<LeaseRecord, "holder" | "durationMs">,
  before: V1Lease | undefined,
): V1Lease {
  const now = new V1MicroTime();
  const isSame = before?.spec?.holderIdentity === holder;
  const transitions = before?.spec?.leaseTransitions ?? 0;
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: before?.metadata ?? metadata,
    spec: {
      // The API refuses an empty holder: nobody is no field.
      ...(holder !== "" && { holderIdentity: holder }),
      leaseDurationSeconds: Math.round(durationMs / 1000),
      acquireTime: (isSame ? before?.spec?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: isSame || before === undefined || holder === "" ? transitions : transitions + 1,
    },
  };
}
