/** What the emulator's services (ARM, Blob, Data Lake) depend on: the world, and the parts that they share. */
import type { Authorization } from "./authorization/authorization.ts";
import type { Clock } from "./clock.ts";
import type { TokenVerifier } from "./entra/tokens.ts";
import type { Call, Reply } from "./http/call.ts";
import type { EmulatorSettings } from "./settings.ts";
import type { BlobStore } from "./storage/store/store.ts";
import type { World } from "./world.ts";

export interface Services {
  readonly world: World;
  readonly clock: Clock;
  readonly tokens: TokenVerifier;
  readonly authorization: Authorization;
  readonly blobs: BlobStore;
  readonly settings: EmulatorSettings;
  /** Records something that must never happen (a listKeys call): the call log shows it as an alarm. */
  alarm(message: string): void;
}

/** Which account a Blob or Data Lake call is for, as the router read it. */
export interface BlobTarget {
  /** From the host name, or the first part of the path on a loopback host. Lower case is not enforced here. */
  readonly account: string;
  /** The rest of the path, percent-encoded as it came, with a leading "/". */
  readonly path: string;
  /** True when the account was in the path: absolute URLs in answers must then have it there too. */
  readonly pathStyle: boolean;
}

/** The Blob service, or the Data Lake service beside it; otherwise like `Service` of `http/call.ts`. */
export interface BlobService {
  (call: Call, target: BlobTarget): Promise<Reply>;
  readonly operationOf?: (call: Call, target: BlobTarget) => string | undefined;
  readonly operations: readonly string[];
}
