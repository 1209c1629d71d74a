/** An operation of the Blob service. Each group of operations has a table of its own, `routes.ts`. */
import type { Reply } from "../../http/call.ts";
import type { Right } from "../auth/rights.ts";
import type { BlobRequest } from "./request.ts";
import type { Selector } from "./selectors.ts";

export interface Operation {
  /** As the call log names it. */
  readonly name: string;
  readonly right: Right;
  readonly run: (request: BlobRequest) => Reply | Promise<Reply>;
  /** What of a call's selectors it looks at; others are refused. */
  readonly accepts: readonly Selector[];
}

/**
 * Operations by level, method, `restype` (where it says more than the level), `comp`, and whether the content comes
 * from a URL. HEAD is GET where it has no row of its own.
 */
export type Operations = Readonly<Record<string, Operation>>;

/** A row of a group's table. */
export function operation(
  name: string,
  right: Right,
  run: Operation["run"],
  accepts: readonly Selector[] = [],
): Operation {
  return { name, right, run, accepts };
}
