/** Operations on containers, and the list of them. */
import { RIGHTS } from "../auth/rights.ts";
import { type Operations, operation } from "../http/operation.ts";
import { getAccessPolicies, setAccessPolicies } from "./access-policies.ts";
import { listContainers } from "./list.ts";
import {
  createContainer,
  deleteContainer,
  getContainerMetadata,
  getContainerProperties,
  leaseContainer,
  setContainerMetadata,
  undeleteContainer,
} from "./operations.ts";

export const containerOperations: Operations = {
  "service GET comp=list": operation("containers/list", RIGHTS.listContainers, listContainers),
  "container PUT": operation("containers/create", RIGHTS.createContainer, createContainer),
  "container GET": operation("containers/get", RIGHTS.readContainer, getContainerProperties),
  "container DELETE": operation("containers/delete", RIGHTS.deleteContainer, deleteContainer, ["if"]),
  "container PUT comp=undelete": operation("containers/restore", RIGHTS.restoreContainer, undeleteContainer),
  "container GET comp=metadata": operation("containers/getMetadata", RIGHTS.readContainer, getContainerMetadata),
  "container PUT comp=metadata": operation("containers/setMetadata", RIGHTS.writeContainer, setContainerMetadata, [
    "if",
  ]),
  "container PUT comp=lease": operation("containers/lease", RIGHTS.leaseContainer, leaseContainer, ["if"]),
  "container GET comp=acl": operation("containers/getAcl", RIGHTS.accessPolicy, getAccessPolicies),
  "container PUT comp=acl": operation("containers/setAcl", RIGHTS.accessPolicy, setAccessPolicies, ["if"]),
};
