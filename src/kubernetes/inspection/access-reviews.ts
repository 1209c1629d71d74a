/** Who asks, and what a ServiceAccount may do: the API server's own answers, which write nothing. */
import type { V1SelfSubjectAccessReview, V1SelfSubjectReview, V1SubjectAccessReview } from "@kubernetes/client-node";
import type { ClusterRight, ServiceAccountRef } from "../../doctor/ports.ts";

import { encodeSubject } from "../../volume/formats/federated-credential.ts";
import { ask, type Reads } from "./ask.ts";

/** The user name of this sign-in: that of a ServiceAccount is the subject of its tokens. */
export async function readUserName(api: Reads): Promise<string> {
  const review = await ask("who is signed in", () =>
    api.create<V1SelfSubjectReview>("/apis/authentication.k8s.io/v1/selfsubjectreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
    }),
  );
  return review.status?.userInfo?.username ?? "";
}

export function userNameOf({ namespace, name }: ServiceAccountRef): string {
  return encodeSubject({ namespace, serviceAccount: name });
}

/** Whether the ServiceAccount may do it; where it is not the one that asks, that takes the right to review others. */
export async function mayDo(
  api: Reads,
  { account, isSelf }: { readonly account: ServiceAccountRef; readonly isSelf: boolean },
  { group, resource, verb, namespace, name }: ClusterRight,
): Promise<boolean> {
  const resourceAttributes = {
    group,
    resource: resource.split("/")[0] ?? resource,
    ...(resource.includes("/") && { subresource: resource.split("/")[1] ?? "" }),
    verb,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
  };
  const authorization = "/apis/authorization.k8s.io/v1";
  const head = { apiVersion: "authorization.k8s.io/v1" };
  if (isSelf) {
    const review = { ...head, kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
    const path = `${authorization}/selfsubjectaccessreviews`;
    const { status } = await ask("its own rights", () => api.create<V1SelfSubjectAccessReview>(path, review));
    return status?.allowed === true;
  }
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`, "system:authenticated"];
  const spec = { user: userNameOf(account), groups, resourceAttributes };
  const { status } = await ask("the rights of others", () =>
    api.create<V1SubjectAccessReview>(`${authorization}/subjectaccessreviews`, {
      ...head,
      kind: "SubjectAccessReview",
      spec,
    }),
  );
  return status?.allowed === true;
}
