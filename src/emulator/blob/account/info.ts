/** Get Account Information (`restype=account&comp=properties`): what kind of account this is. */
import type { Reply } from "../../http/call.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import type { BlobRequest } from "../http/request.ts";

export function getAccountInfo({ account }: BlobRequest): Reply {
  return {
    status: 200,
    headers: {
      "x-ms-sku-name": account.sku.name,
      "x-ms-account-kind": account.kind,
      "x-ms-is-hns-enabled": String(isHierarchical(account)),
    },
  };
}
