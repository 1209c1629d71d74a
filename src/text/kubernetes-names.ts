/** How Kubernetes and CSI write names. */
import { pattern } from "./values.ts";

/** A DNS subdomain name. It becomes a part of a token's subject, so nothing else may pass. */
export const serviceAccount = pattern(
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  { wrong: "is not the name of a ServiceAccount", fix: "give the name of a ServiceAccount" },
);

/** A DNS subdomain name too. */
export const claim = pattern(serviceAccount.pattern, {
  wrong: "is not the name of a claim",
  fix: "give the name of a PersistentVolumeClaim",
});

/** A DNS subdomain name too. */
export const storageClass = pattern(serviceAccount.pattern, {
  wrong: "is not the name of a class",
  fix: "give the name of a StorageClass",
});

/** A DNS subdomain name too, as a Service has one. */
export const hostName = pattern(serviceAccount.pattern, {
  wrong: "is not a host name",
  fix: 'write a DNS name in lower case without a port, as in "azure.demo.svc"',
});

/** A DNS label. */
export const namespace = pattern(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
  wrong: "is not the name of a namespace",
  fix: "use at most 63 lower-case letters, digits and '-'",
});

/** CSI section "GetPluginInfo": domain name notation, at most 63 characters. */
export const driverName = pattern(/^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, {
  wrong: "is not a driver name",
  fix: "use at most 63 lower-case letters, digits, '-' and '.', as in a DNS name",
});

/** The issuer of ServiceAccount tokens, exactly as tokens carry it in `iss`. */
export const issuerUrl = pattern(/^https:\/\/[^\s?#]+$/, {
  wrong: "is not an issuer",
  fix: "write its https URL exactly as tokens carry it",
});
