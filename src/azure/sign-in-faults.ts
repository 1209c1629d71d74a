/**
 * Why Entra does not sign the controller in, in the words of its settings. Codes: Microsoft Entra, "authentication and
 * authorization error codes". What is not known here is handed on as it is.
 */
import { DriverError } from "../errors.ts";
import { fileFault, systemCodeOf } from "../text/file-faults.ts";

/** The settings that a sign-in depends on. */
export interface SignIn {
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId?: string;
  readonly tokenFile?: string;
}

const NO_TENANT = ({ tenantId, authorityHost }: SignIn) =>
  `${authorityHost} knows no tenant ${tenantId}; correct --tenant-id, or --cloud if the tenant is in another cloud`;
const WRONG_CLOUD = ({ tenantId, authorityHost }: SignIn) =>
  `tenant ${tenantId} is not of the cloud of ${authorityHost}; correct --cloud or --tenant-id`;
const NO_TRUST = ({ tenantId, clientId = "of AZURE_CLIENT_ID", authorityHost }: SignIn) =>
  `identity ${clientId} in tenant ${tenantId} at ${authorityHost} has no federated credential for this token; add one with its ` +
  "issuer, subject and audience, byte for byte";

const BY_CODE: Readonly<Record<string, (signIn: SignIn) => string>> = {
  AADSTS90002: NO_TENANT,
  AADSTS900023: NO_TENANT,
  AADSTS50128: NO_TENANT,
  AADSTS50059: NO_TENANT,
  AADSTS900382: WRONG_CLOUD,
  AADSTS900432: WRONG_CLOUD,
  AADSTS900439: WRONG_CLOUD,
  AADSTS700016: ({ tenantId, clientId = "of AZURE_CLIENT_ID", authorityHost }) =>
    `tenant ${tenantId} at ${authorityHost} has no identity or application ${clientId}; correct --client-id or --tenant-id`,
  AADSTS70021: NO_TRUST,
  AADSTS700211: NO_TRUST,
  AADSTS700212: NO_TRUST,
  AADSTS700213: NO_TRUST,
};

/** Of @azure/msal-node, which reads the tenant's configuration first and drops the answer when it is none. */
const NO_CONFIGURATION = /endpoints_resolution_error|openid_config_error|tenant_discovery/;

/** A DriverError where the cause is a setting's, else the error itself. */
export function toSignInFault(error: unknown, signIn: SignIn): unknown {
  const words = wordsFor(error, signIn);
  if (words === undefined) return error;
  return new DriverError("Unauthenticated", `signing in to Azure failed: ${words}`, { cause: error });
}

function wordsFor(error: unknown, signIn: SignIn): string | undefined {
  const message = error instanceof Error ? error.message : "";
  const [code = ""] = /AADSTS\d+/.exec(message) ?? [];
  const byCode = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (byCode !== undefined) return `${byCode(signIn)} (${code})`;
  const { tenantId, authorityHost, tokenFile } = signIn;
  if (NO_CONFIGURATION.test(message)) {
    return (
      `${authorityHost} answers with no sign-in configuration of tenant ${tenantId}: it knows no such tenant, or it is not ` +
      "Entra that answers there; check --tenant-id, --cloud and what is between here and there"
    );
  }
  const fault = tokenFile === undefined ? undefined : findFileFault(error);
  return fault && `--token-file ${tokenFile} ${fault}`;
}

/** The SDK reads the token's file again before each exchange. */
function findFileFault(error: unknown): string | undefined {
  const cause = [error, (error as { cause?: unknown } | undefined)?.cause].find((each) =>
    /^E[A-Z]+$/.test(systemCodeOf(each)),
  );
  const [code] = /\bE(?:NOENT|ISDIR|ACCES|PERM|NOTDIR)\b/.exec(error instanceof Error ? error.message : "") ?? [];
  if (code === undefined) return undefined;
  const { wrong, fix } = fileFault(cause ?? { code });
  return `${wrong}; ${fix}`;
}
