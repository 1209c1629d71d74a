/** The secrets with which applications sign in. */
import { randomBytes } from "node:crypto";

/**
 * A client secret in the form of Entra's: 40 characters, with `8Q~` behind the third. It never begins with a dash, which `az
 * login -p SECRET` takes for a flag.
 */
export function newClientSecret(): string {
  const random = randomBytes(27).toString("base64url");
  return `k${random.slice(0, 2)}8Q~${random.slice(2)}`;
}
