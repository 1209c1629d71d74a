/** The data-only role that workloads are assigned by default: `keyless-csi roles` prints its definition. */
import { uuidV5 } from "../../volume/names.ts";

/** Computed and pinned: it is the default of every installation. */
export const DATA_ROLE_ID = uuidV5("keyless-csi role blob-data v1");
