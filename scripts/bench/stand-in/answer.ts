// What the stand-ins answer with, ready to be sent.

/** A whole answer; the body is JSON, or empty. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request, with its body read. */
export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function json(status: number, body: unknown): Answer {
  return { status, body: JSON.stringify(body) };
}

/** An error in ARM's form. */
export function armError(status: number, code: string): Answer {
  return json(status, { error: { code, message: `${code}, says the stand-in` } });
}
