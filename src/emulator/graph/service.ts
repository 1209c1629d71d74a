/**
 * Microsoft Graph, by its host name only, as it answers principals that have no permission there: every call of a signed-in
 * one is 403 Authorization_RequestDenied, which makes `az` go on with the object ids that it was given (`az role assignment
 * create --assignee-object-id`). Nobody in the emulator has Graph permissions.
 */
import type { Clock } from "../clock.ts";
import type { TokenVerifier } from "../entra/tokens.ts";
import { type Call, OPERATION_HEADER, type Reply, type Service } from "../http/call.ts";

interface GraphContext {
  readonly tokens: TokenVerifier;
  readonly clock: Clock;
}

const OPERATION = "graph/any";
const AUDIENCES = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

export function createGraphService(context: GraphContext): Service {
  const answer = async (call: Call): Promise<Reply> => {
    const verdict = await context.tokens.verify(call.headers.authorization, AUDIENCES);
    const reply = verdict.ok
      ? refusal(call, context, [
          403,
          "Authorization_RequestDenied",
          "Insufficient privileges to complete the operation.",
        ])
      : refusal(call, context, [401, "InvalidAuthenticationToken", problemText(verdict.problem)]);
    return { ...reply, headers: { ...reply.headers, [OPERATION_HEADER]: OPERATION } };
  };
  return Object.assign(answer, { operationOf: () => OPERATION, operations: [OPERATION] });
}

/** What Graph says of a token that it does not accept ("Microsoft Graph error responses"). */
function problemText(problem: string): string {
  if (problem === "missing") return "Access token is empty.";
  if (problem === "expired") return "Lifetime validation failed, the token is expired.";
  return problem === "wrongAudience"
    ? "Access token validation failure. Invalid audience."
    : "Access token is not valid.";
}

/** Graph's error body; request and client-request id are those of the call. */
function refusal(
  call: Call,
  { clock }: GraphContext,
  [status, code, message]: readonly [number, string, string],
): Reply {
  const clientId = call.headers["client-request-id"];
  const innerError = {
    date: new Date(clock.now()).toISOString().slice(0, 19),
    "request-id": call.id,
    "client-request-id": typeof clientId === "string" ? clientId : call.id,
  };
  return { status, headers: { "request-id": call.id }, body: { error: { code, message, innerError } } };
}
