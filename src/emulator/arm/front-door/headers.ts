/** The headers that Resource Manager puts on every answer of every provider. */
import type { Clock } from "../../clock.ts";
import type { Call, Service } from "../../http/call.ts";

/**
 * Puts ARM's common headers around a service ("Common request and response headers" of the ARM REST reference):
 * request, correlation and routing ids, and the client's own id when it asks for it back.
 */
export function withArmHeaders(service: Service, clock: Clock): Service {
  const answer = async (call: Call) => {
    const reply = await service(call);
    return { ...reply, headers: { ...commonHeaders(call, clock.now()), ...reply.headers } };
  };
  const { operationOf, operations } = service;
  return Object.assign(answer, { operations, ...(operationOf === undefined ? {} : { operationOf }) });
}

function commonHeaders(call: Call, now: number): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const clientId = call.headers["x-ms-client-request-id"];
  const isWanted = String(call.headers["x-ms-return-client-request-id"]).toLowerCase() === "true";
  return {
    "x-ms-request-id": call.id,
    "x-ms-correlation-request-id": textOf(call.headers["x-ms-correlation-request-id"]) ?? call.id,
    "x-ms-routing-request-id": `WESTEUROPE:${time}:${call.id}`,
    "cache-control": "no-cache",
    pragma: "no-cache",
    expires: "-1",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    ...(isWanted && typeof clientId === "string" ? { "x-ms-client-request-id": clientId } : {}),
  };
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" && /^[\x20-\x7e]{1,200}$/.test(value) ? value : undefined;
}
