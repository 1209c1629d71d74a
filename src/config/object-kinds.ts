/** Kinds of values that name an object of Kubernetes. */
import * as kubernetes from "../text/kubernetes-names.ts";
import { pattern, value } from "./kinds.ts";
import type { Kind, ParsedSetting } from "./setting.ts";

/** An object in a namespace. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** A StorageClass. */
export const className = pattern("NAME", kubernetes.storageClass);

/** The name of a machine or a Service. */
export const hostName = pattern("NAME", kubernetes.hostName);

/** A claim or a ServiceAccount, as `kubectl` writes it in messages. */
export const namespacedName: Kind<NamespacedName> = value<NamespacedName>(
  "NAMESPACE/NAME",
  { type: "string", pattern: "^[^/]+/[^/]+$" },
  (text): ParsedSetting<NamespacedName> => {
    const [namespace = "", name = "", ...rest] = text.split("/");
    const isName = "value" in kubernetes.namespace(namespace) && "value" in kubernetes.claim(name);
    if (isName && rest.length === 0) return { value: { namespace, name } };
    return { wrong: "does not name an object in a namespace", fix: 'write namespace and name, as in "team-a/data"' };
  },
);
