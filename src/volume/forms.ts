/** The forms of names that come from outside: one expression for each, whoever reads it. */

/** As Azure and Entra write their ids, in either case. */
export const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Letters, digits and `-_.()`, at most 90, not ending in a dot (ARM: naming rules for resource groups). */
export const RESOURCE_GROUP = /^[\p{L}\p{N}._()-]{0,89}[\p{L}\p{N}_()-]$/u;

/** A DNS subdomain name, as Kubernetes requires of a ServiceAccount's: it becomes a part of a token's subject. */
export const SERVICE_ACCOUNT = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
