/** Who a call is from, once `authenticate.ts` has found it. */
import type { AccessToken } from "../../entra/tokens.ts";

/** "key" is anyone with an account key. */
export type Caller =
  | { readonly kind: "principal"; readonly token: AccessToken }
  | { readonly kind: "key" }
  | { readonly kind: "sas"; readonly sas: ValidSas }
  | { readonly kind: "anonymous" };

/** What a valid signature grants. */
export interface ValidSas {
  readonly kind: "account" | "service" | "userDelegation";
  /** Letters, such as "rwdl". */
  readonly permissions: string;
  /** "s" service, "c" container and its listing, "o" object; from `srt`, or from `sr`. */
  readonly resourceTypes: string;
  /** Of a user delegation SAS: whose rights are the upper bound. */
  readonly principalId?: string;
  /** Answer headers that the signature sets (`rscc` and similar). */
  readonly answerHeaders: Readonly<Record<string, string>>;
}
