/** An operation of the Blob service. Each group of operations has a table of its own, `routes.ts`. */
import type { Reply } from "../../http/call.ts";
import type { Right } from "../auth/rights.ts";
import type { BlobRequest } from "./request.ts";

export interface Operation {
  /** As the call log names it. */
  readonly name: string;
  readonly right: Right;
  readonly run: (request: BlobRequest) => Reply | Promise<Reply>;
}

/**
 * Operations by level, method, `restype` (where it says more than the level), `comp`, and whether the content comes
 * from a URL. HEAD is GET where it has no row of its own.
 */
export type Operations = Readonly<Record<string, Operation>>;

export function operation(name: string, right: Right, run: Operation["run"]): Operation {
  return { name, right, run };
}
