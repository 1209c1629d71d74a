/** The operations that a scripted fault can name. */
/** Names as in the call log, by service. */
export type KnownOperations = Readonly<Record<string, readonly string[]>>;

/** How the call log names a call that no service has a name for. */
const METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"];

interface NamedCalls {
  readonly match: { readonly service?: string; readonly method?: string; readonly operation?: string };
}

/** Throws an Error that lists what exists for a rule whose service, method or operation does not. */
export function requireKnown({ match }: NamedCalls, known: KnownOperations): void {
  const { service, method, operation } = match;
  const services = Object.keys(known);
  const asked = service?.toLowerCase();
  if (asked !== undefined && !services.includes(asked)) {
    throw new Error(`match.service "${service}" is not a service; there are ${services.join(", ")}`);
  }
  if (method !== undefined && !METHODS.includes(method.toUpperCase())) {
    throw new Error(`match.method "${method}" is not a method; there are ${METHODS.join(", ")}`);
  }
  if (operation === undefined) return;
  const names = [...new Set(asked === undefined ? Object.values(known).flat() : known[asked]), ...METHODS];
  if (names.some((name) => isMeant(operation.toLowerCase(), name.toLowerCase()))) return;
  const where = service === undefined ? "" : ` of ${service}`;
  throw new Error(`match.operation "${operation}" is no operation${where}; there are ${names.toSorted().join(", ")}`);
}

function isMeant(wanted: string, name: string): boolean {
  return wanted.endsWith("*") ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
}
