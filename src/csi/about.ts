/** Which volume a call is about, as its request and its answer name it: for the log, before anything is checked. */
import { LONGEST_NAME, shown } from "../text/cut.ts";
import type { VolumeIdentity } from "../volume/cluster.ts";
import { claimOf } from "./requests.ts";

/** The members of the messages of any RPC that name a volume. */
interface NamesVolume {
  readonly name?: string;
  readonly volume_id?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly volume?: { readonly volume_id?: string } | null;
}

/** Of a request. It comes from elsewhere: cut where it is longer than any name. */
export function volumeIn(request: unknown): VolumeIdentity {
  const { name, volume_id: id, parameters } = request as NamesVolume;
  const claim = parameters && claimOf(parameters);
  return {
    ...(name && { name: shown(name, LONGEST_NAME) }),
    ...(id && { id: shown(id, LONGEST_NAME) }),
    ...(claim && { claim: { namespace: shown(claim.namespace, LONGEST_NAME), name: shown(claim.name, LONGEST_NAME) } }),
  };
}

/** Of CreateVolume's answer; a caller that joined another's flight learns the id only here. */
export function volumeAnswered(response: unknown): VolumeIdentity {
  const id = (response as NamesVolume).volume?.volume_id;
  return id === undefined ? {} : { id };
}
