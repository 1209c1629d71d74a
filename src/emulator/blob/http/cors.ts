/**
 * Cross-origin requests by the account's rules: the preflight that a browser sends, and the headers of the answers that
 * follow ("Cross-origin resource sharing support for Azure Storage").
 */
import type { Call, Reply } from "../../http/call.ts";
import { StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";

/** One rule of `blobServices/default`, property `cors.corsRules`, as ARM has it. */
export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeInSeconds: number;
}

/** The rules of an account, first match first. */
export function corsRules(account: StorageAccount): readonly CorsRule[] {
  const cors = account.blobService["cors"] as { corsRules?: readonly CorsRule[] } | undefined;
  return cors?.corsRules ?? [];
}

/** Preflight Blob Request (OPTIONS): without authentication; 403 CorsPreflightFailure when no rule permits it. */
export function answerPreflight(account: StorageAccount, { headers }: Call): Reply {
  const origin = headers.origin;
  const method = textOf(headers["access-control-request-method"]);
  if (origin === undefined || method === undefined) {
    const name = origin === undefined ? "Origin" : "Access-Control-Request-Method";
    throw new StorageError("MissingRequiredHeader", { details: { HeaderName: name } });
  }
  const wanted = listOf(textOf(headers["access-control-request-headers"]));
  const rule = corsRules(account).find(
    (each) =>
      permits(each, origin, method) &&
      wanted.every((name) => each.allowedHeaders.some((pattern) => fits(pattern, name))),
  );
  if (rule === undefined) {
    const details = { MessageDetails: "No CORS rules matches this request" };
    throw new StorageError("CorsPreflightFailure", { details });
  }
  return {
    status: 200,
    headers: {
      ...originHeaders(rule, origin),
      "access-control-allow-methods": method,
      ...(wanted.length === 0 ? {} : { "access-control-allow-headers": wanted.join(",") }),
      "access-control-max-age": String(rule.maxAgeInSeconds),
    },
  };
}

/** What an ordinary answer gets when the request has an Origin that a rule permits. */
export function corsHeaders(account: StorageAccount | undefined, { headers, method }: Call): Record<string, string> {
  const origin = headers.origin;
  if (account === undefined || origin === undefined) return {};
  const rules = corsRules(account);
  const vary: Record<string, string> = rules.length === 0 ? {} : { vary: "Origin" };
  const rule = rules.find((each) => permits(each, origin, method));
  if (rule === undefined) return vary;
  const exposed = rule.exposedHeaders.join(",");
  return {
    ...vary,
    ...originHeaders(rule, origin),
    ...(exposed === "" ? {} : { "access-control-expose-headers": exposed }),
  };
}

function originHeaders(rule: CorsRule, origin: string): Record<string, string> {
  if (rule.allowedOrigins.includes("*")) return { "access-control-allow-origin": "*" };
  return { "access-control-allow-origin": origin, "access-control-allow-credentials": "true" };
}

function permits(rule: CorsRule, origin: string, method: string): boolean {
  const isMethod = rule.allowedMethods.some((each) => each.trim().toUpperCase() === method.toUpperCase());
  return isMethod && rule.allowedOrigins.some((each) => each.trim() === "*" || each.trim() === origin);
}

/** A header name, or a prefix that ends in a star. */
function fits(pattern: string, name: string): boolean {
  const plain = pattern.trim().toLowerCase();
  return plain.endsWith("*") ? name.startsWith(plain.slice(0, -1)) : name === plain;
}

function listOf(value: string | undefined): string[] {
  const words = (value ?? "").split(",").map((word) => word.trim().toLowerCase());
  return words.filter((word) => word !== "");
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}
