/** Requests to ARM that no SDK client here has an operation for: through the pipeline of the subscription's clients all the same. */

import type { StorageManagementClient } from "@azure/arm-storage";
import { createHttpHeaders, createPipelineRequest, type HttpClient, RestError } from "@azure/core-rest-pipeline";

/** One request, as the REST reference states it. */
export interface ArmRequest {
  readonly method: "GET" | "POST";
  /** From its first slash on; with its query, but for the api-version. */
  readonly path: string;
  /** Sent unless the provider's version is pinned (api-versions.ts). */
  readonly apiVersion: string;
  readonly body?: unknown;
}

export interface Sending {
  readonly endpoint: string;
  readonly client: Pick<StorageManagementClient, "pipeline">;
  readonly httpClient: HttpClient;
}

/** The answer's JSON. Throws a RestError, as the SDKs do, for a refusal. */
export async function sendToArm({ endpoint, client, httpClient }: Sending, asked: ArmRequest): Promise<unknown> {
  const { method, path, apiVersion, body } = asked;
  const request = createPipelineRequest({
    url: `${endpoint}${path}${path.includes("?") ? "&" : "?"}api-version=${apiVersion}`,
    method,
    headers: createHttpHeaders({
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
    }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const response = await client.pipeline.sendRequest(httpClient, request);
  const text = response.bodyAsText ?? "";
  if (response.status >= 200 && response.status < 300) return text === "" ? undefined : JSON.parse(text);
  throw new RestError(`HTTP ${response.status}`, { statusCode: response.status, request, response });
}
