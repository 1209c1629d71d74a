// The chapters of the contract, in the order in which CreateVolume meets them.
import { accounts } from "./accounts.contract.ts";
import { blobAccess } from "./blob-access.contract.ts";
import { blobs } from "./blobs.contract.ts";
import { containers } from "./containers.contract.ts";
import { federation } from "./federation.contract.ts";
import { hierarchical } from "./hierarchical.contract.ts";
import { identities } from "./identities.contract.ts";
import { limits } from "./limits.contract.ts";
import { locks } from "./locks.contract.ts";
import { resourceManager } from "./resource-manager.contract.ts";
import { roleAssignments } from "./role-assignments.contract.ts";
import { roleDefinitions } from "./role-definitions.contract.ts";
import type { Chapter } from "./support/sentence.ts";
import { variants } from "./variants.contract.ts";

export const chapters: readonly Chapter[] = [
  resourceManager,
  accounts,
  containers,
  locks,
  roleDefinitions,
  roleAssignments,
  identities,
  federation,
  blobAccess,
  blobs,
  hierarchical,
  limits,
  variants,
];
