/**
 * What ARM has answered, beside the error that an SDK makes of it: @azure/arm-storage keeps code and message alone, and the
 * policies that deny a write are in `additionalInfo`. Kept as long as the error holds its request.
 */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";

/** The `error` member of ARM's body. */
interface ErrorBody {
  readonly code?: unknown;
  readonly message?: unknown;
}

const errors = new WeakMap<object, ErrorBody>();

/** Keeps the `error` member of every refusal. Put it next to the wire: a retry replaces what the former attempt left. */
export function createErrorBodyKeeper(): PipelinePolicy {
  return {
    name: "keyless-csi-error-body",
    async sendRequest(request, next) {
      errors.delete(request);
      const response = await next(request);
      const error = response.status >= 400 ? errorIn(response.bodyAsText) : undefined;
      if (error !== undefined) errors.set(request, error);
      return response;
    },
  };
}

/** The `error` member of the answer that an SDK's error is about. None for an error without an answer, such as the budget's. */
export function keptError(error: unknown): object | undefined {
  const { response } = error as { readonly response?: { readonly request?: object } };
  return errors.get(response?.request ?? {});
}

/** That of the last answer to a request; undefined for a success, or where the body had another form. */
export function answeredError(request: object): ErrorBody | undefined {
  return errors.get(request);
}

function errorIn(text: string | null | undefined): ErrorBody | undefined {
  try {
    const { error } = JSON.parse(text ?? "") as { readonly error?: unknown };
    return typeof error === "object" && error !== null ? error : undefined;
  } catch {
    return undefined;
  }
}
