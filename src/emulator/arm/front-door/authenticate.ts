/** Authenticates the caller by its bearer token, with the 401 answers of the front door. */
import type { AccessToken, TokenVerdict } from "../../entra/tokens.ts";
import type { Call } from "../../http/call.ts";
import type { Services } from "../../services.ts";
import { ArmError } from "./errors.ts";

/** The audiences of tokens for ARM in public Azure. */
const AUDIENCES = [
  "https://management.core.windows.net/",
  "https://management.core.windows.net",
  "https://management.azure.com/",
  "https://management.azure.com",
];

/** The caller; throws the 401 that ARM answers. `tenantId` is that of the call's subscription. */
export async function authenticate(call: Call, services: Services, tenantId?: string): Promise<AccessToken> {
  const audiences = [...AUDIENCES, call.origin];
  const verdict = await services.tokens.verify(call.headers.authorization, audiences, tenantId);
  if (verdict.ok) return verdict.token;
  const authorityTenant = tenantId ?? [...services.world.tenants.keys()][0] ?? "common";
  const { code, message } = explain(verdict, { now: services.clock.now(), tenantId: authorityTenant });
  const authority = `https://login.windows.net/${authorityTenant}`;
  const error =
    verdict.problem === "missing" ? "The authentication failed because of missing 'Authorization' header." : message;
  throw new ArmError(401, code, message, {
    headers: {
      "WWW-Authenticate": `Bearer authorization_uri="${authority}", error="invalid_token", error_description="${error}"`,
    },
  });
}

type Refusal = Extract<TokenVerdict, { ok: false }>;

interface Authority {
  /** By the emulator's clock. */
  readonly now: number;
  readonly tenantId: string;
}

function explain({ problem, detail }: Refusal, { now, tenantId }: Authority): { code: string; message: string } {
  switch (problem) {
    case "missing":
      return {
        code: "AuthenticationFailed",
        message: "Authentication failed. The 'Authorization' header is missing.",
      };
    case "expired":
      return {
        code: "ExpiredAuthenticationToken",
        message: `The access token expiry UTC time is earlier than current UTC time '${new Date(now).toISOString()}'.`,
      };
    case "wrongAudience":
      return {
        code: "InvalidAuthenticationTokenAudience",
        message:
          `The access token has been obtained for wrong audience or resource '${detail.replace("the token is for ", "")}'. ` +
          `It should exactly match with one of the allowed audiences ${AUDIENCES.map((each) => `'${each}'`).join(",")}.`,
      };
    case "wrongTenant":
      return { code: "InvalidAuthenticationTokenTenant", message: wrongIssuer(detail, tenantId) };
    case "malformed":
    case "badSignature":
    case "notYetValid":
      return { code: "InvalidAuthenticationToken", message: "The access token is invalid." };
  }
}

function wrongIssuer(detail: string, tenantId: string): string {
  const issuer = (id: string) => `https://sts.windows.net/${id}/`;
  return (
    `The access token is from the wrong issuer '${issuer(detail.replace("the token is from tenant ", ""))}'. It must match ` +
    `the tenant '${issuer(tenantId)}' associated with this subscription. Please use the authority (URL) ` +
    `'https://login.windows.net/${tenantId}' to get the token. Note, if the subscription is transferred to another tenant ` +
    "there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). " +
    "If you just transferred your subscription and see this error message, please try back later."
  );
}
