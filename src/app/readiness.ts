/** What /readyz says of Azure: whether the last sign-in worked and the last request was answered. */
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import type { AzureCall } from "../azure/arm.ts";
import type { Readiness } from "../telemetry/health.ts";

export interface SignInWatch {
  /** The credential that is watched. */
  readonly credential: TokenCredential;
  readonly readiness: () => Readiness;
}

/** Ready once a sign-in has worked, and until one fails. */
export function watchSignIn(credential: TokenCredential): SignInWatch {
  let state: Readiness = notReady("not signed in to Azure yet");
  const getToken = async (scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken | null> => {
    try {
      const token = await credential.getToken(scopes, options);
      state = { ready: true };
      return token;
    } catch (error) {
      state = notReady("the last sign-in to Azure failed; see the log");
      throw error;
    }
  };
  return { credential: { getToken }, readiness: () => state };
}

export interface AnswerWatch {
  note(call: AzureCall): void;
  readonly readiness: () => Readiness;
}

/** Ready until a request to ARM gets no answer, or a 401. Any other refusal is an answer: ARM can be reached. */
export function watchAnswers(): AnswerWatch {
  let status = 200;
  return {
    note(call) {
      status = call.status;
    },
    readiness() {
      if (status === 0) return notReady("Azure did not answer the last request; see the log");
      if (status === 401) return notReady("Azure refused the controller's token at the last request");
      return { ready: true };
    },
  };
}

/** The first reason not to be ready, if there is one. */
export function readyWhenAll(...all: readonly (() => Readiness)[]): () => Readiness {
  return () => all.map((readiness) => readiness()).find(({ ready }) => !ready) ?? { ready: true };
}

function notReady(reason: string): Readiness {
  return { ready: false, reason };
}
