/**
 * A refusal of the Blob service as the error that the SDKs throw. Its code is in the header `x-ms-error-code`, also of answers
 * without a body; the body is XML ("Status and error codes").
 */
import { type PipelineResponse, RestError } from "@azure/core-rest-pipeline";

/** For whatever is not the answer that the call expects. */
export function toBlobRefusal(response: PipelineResponse): RestError {
  const { status, request, bodyAsText } = response;
  const code = response.headers.get("x-ms-error-code") ?? elementOf(bodyAsText, "Code");
  const detail = elementOf(bodyAsText, "AuthenticationErrorDetail");
  // The following lines have the request's id and the time, which an event must not repeat.
  const [words] = (elementOf(bodyAsText, "Message") ?? NO_WORDS).split("\n");
  const message = detail === undefined ? `${words}` : `${words} ${detail}`;
  return new RestError(message, { statusCode: status, request, response, ...(code !== undefined && { code }) });
}

const NO_WORDS = "the answer is not one of the Blob service";

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };

/** The text of the first element of this name; refusals have no nested ones. */
function elementOf(xml: string | null | undefined, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml?.slice(0, 4_096) ?? "") ?? [];
  return text?.replace(/&(lt|gt|amp|apos|quot);/g, (_, entity: string) => ENTITIES[entity] ?? "");
}
