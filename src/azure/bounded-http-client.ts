/**
 * The SDKs' own HTTP client with a limit on the size of an answer: the SDKs read a whole body before they look at it. For what
 * http-client.ts does not send itself, and the one place that knows the limit and its error.
 */
import {
  createDefaultHttpClient,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from "@azure/core-rest-pipeline";

/** A page of 5,000 containers with metadata has some 5 MB; no other answer is larger. */
export const MOST_BYTES = 32 * 1024 * 1024;

export interface BoundedOptions {
  readonly mostBytes?: number;
  /** Called with status and headers of each answer, before its body is read. */
  readonly onHead?: (response: PipelineResponse) => void;
}

/** Rejects with a RestError, without a status, when an answer is longer than `mostBytes`; the connection is closed. */
export function createBoundedHttpClient({ mostBytes = MOST_BYTES, onHead }: BoundedOptions = {}): HttpClient {
  const inner = createDefaultHttpClient();
  return {
    async sendRequest(request) {
      // ts-http-runtime: infinity stands for every status, and leaves the body unread.
      request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY]);
      const response = await inner.sendRequest(request);
      onHead?.(response);
      const { readableStreamBody, ...rest } = response;
      if (readableStreamBody === undefined) return response;
      return { ...rest, bodyAsText: await textOf(response, mostBytes) };
    },
  };
}

async function textOf(response: PipelineResponse, mostBytes: number): Promise<string> {
  const { readableStreamBody: body, request } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (bytes > mostBytes) throw tooLong(mostBytes, request);
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    throw error instanceof RestError ? error : readError(error as Error, request);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** For an answer that broke off or makes no sense: the code is the one that the SDKs give to it, and they do not repeat it. */
export function readError({ message }: Error, request: PipelineRequest): RestError {
  return new RestError(`Error reading response as text: ${message}`, { code: RestError.PARSE_ERROR, request });
}

/** For an answer of more than `mostBytes`, before or after it was decoded. */
export function tooLong(mostBytes: number, request: PipelineRequest): RestError {
  return readError(new Error(`the answer has more than ${mostBytes} bytes`), request);
}
