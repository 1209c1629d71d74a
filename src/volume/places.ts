/** Where things are in Azure; everybody else takes these from `ports.ts`. */
import type { ResourceGroupRef } from "./settings.ts";

/** Where a storage account is. */
export interface AccountRef extends ResourceGroupRef {
  /** 3 to 24 lower-case letters and digits, unique in all of Azure. */
  readonly name: string;
}

/** Where a file system is: what a blob container and a file share both are to a mount. */
export interface FileSystemRef {
  readonly account: AccountRef;
  readonly name: string;
}
