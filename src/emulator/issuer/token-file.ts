/** The controller's ServiceAccount token: a file that is kept fresh, as the kubelet keeps a projected one. */
import type { Clock } from "../clock.ts";
import { CONTROLLER } from "../seed/seed.ts";
import { writeWhole } from "../write-whole.ts";
import type { ServiceAccountIssuer } from "./service.ts";

/** Lifetime of a projected token: an hour, renewed after four fifths of it, as the kubelet does. */
const LIFETIME_SECONDS = 3600;
const RENEW_AFTER_MS = LIFETIME_SECONDS * 1000 * 0.8;
const LOOK_MS = 30_000;

interface FreshToken {
  /** Renews the token if it is due: to be called when the clock was moved. */
  refresh(): void;
  stop(): void;
}

/**
 * Writes the controller's token to `path` and renews it, by rename, until stopped. Resolves when the first is there.
 */
export async function keepTokenFresh(path: string, issuer: ServiceAccountIssuer, clock: Clock): Promise<FreshToken> {
  let mintedAt = 0;
  let isStopped = false;
  const renew = async () => {
    mintedAt = clock.now();
    const token = await issuer.mint({ ...CONTROLLER.serviceAccount, lifetimeSeconds: LIFETIME_SECONDS });
    if (!isStopped) writeWhole(path, token);
  };
  const refresh = () => {
    if (Math.abs(clock.now() - mintedAt) >= RENEW_AFTER_MS) void renew();
  };
  await renew();
  const timer = setInterval(refresh, LOOK_MS).unref();
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  return { refresh, stop };
}
