// How tests assert that Azure refused: by status and code, of a raw ARM answer or of an SDK's error.
import { deepEqual, equal } from "node:assert/strict";
import type { RawAnswer } from "./emulator-client.ts";

/** Asserts that ARM refused with this status and code; returns the message. */
export function refused(answer: RawAnswer, status: number, code: string): string {
  const { error } = answer.json<{ error: { code: string; message: string } }>();
  equal(`${answer.status} ${error.code}`, `${status} ${code}`, answer.text);
  return error.message;
}

/** For `rejects`: an SDK's error with this status and code. */
export function refusal(status: number, code: string): (error: { statusCode?: number; code?: string }) => true {
  return (error) => {
    deepEqual({ status: error.statusCode, code: error.code }, { status, code });
    return true;
  };
}
