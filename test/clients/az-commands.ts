// The commands of az that the documents name: where they are found, and what becomes of each on the emulator.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A rehearsal: the lines of a shell, and a pattern of what they print. Each goes on where the one before it ended. */
export interface Rehearsal {
  /** As the documents write it, without flags. */
  readonly command: string;
  readonly lines: string;
  readonly prints: RegExp;
}

/** `$SUB`, `$DATA`, `$ACCOUNT`, `$PRINCIPAL` and `$OUT` are set by the test and by the lines themselves. */
export const REHEARSALS: readonly Rehearsal[] = [
  {
    command: "az login",
    lines: 'az login --service-principal -u "$ADMIN" --password="$SECRET" --tenant "$TENANT" --query "[].state" -o tsv',
    prints: /^Enabled$/m,
  },
  { command: "az account show", lines: "az account show --query id -o tsv", prints: /^5d1c0e7a-/ },
  {
    command: "az group create",
    lines: "az group create -n keyless-data -l westeurope --query properties.provisioningState -o tsv",
    prints: /^Succeeded$/m,
  },
  {
    command: "az identity create",
    lines: "az identity create -g keyless-data -n keyless-csi-controller --query name -o tsv",
    prints: /^keyless-csi-controller$/m,
  },
  {
    command: "az identity show",
    lines: "az identity show -g keyless-data -n keyless-csi-controller --query principalId -o tsv | tee $OUT/principal",
    prints: /^[0-9a-f-]{36}$/m,
  },
  {
    command: "az identity federated-credential create",
    lines:
      "az identity federated-credential create -g keyless-data --identity-name keyless-csi-controller --name controller " +
      "--issuer https://issuer.example/ --audiences api://AzureADTokenExchange " +
      "--subject system:serviceaccount:kube-system:keyless-csi-controller --query subject -o tsv",
    prints: /^system:serviceaccount:kube-system:keyless-csi-controller$/m,
  },
  {
    command: "az rest",
    lines:
      'keyless roles --subscription-id $SUB --resource-group keyless-data --principal-id "$(cat $OUT/principal)" > $OUT/roles.sh\n' +
      "sh $OUT/roles.sh > $OUT/roles.log && echo applied",
    prints: /^applied$/m,
  },
  {
    command: "az deployment sub create",
    lines:
      'keyless roles --subscription-id $SUB --resource-group keyless-data --principal-id "$(cat $OUT/principal)" --output arm > $OUT/roles.json\n' +
      "az deployment sub create --location westeurope --template-file $OUT/roles.json -o none\n" +
      "az group create -n keyless-other -l westeurope -o none\n" +
      "az deployment sub create --location westeurope --template-file $ROOT/deploy/roles/azuredeploy.json --parameters " +
      "resourceGroup=keyless-other controllerPrincipalId=11111111-1111-4111-8111-111111111111 " +
      'parts=\'["identities","trust"]\' --query properties.provisioningState -o tsv',
    prints: /^Succeeded$/m,
  },
  {
    command: "az storage account create",
    lines:
      "az storage account create -n kldocs -g keyless-data -l westeurope --sku Standard_LRS --allow-shared-key-access false " +
      "--allow-blob-public-access false --min-tls-version TLS1_2 --query allowSharedKeyAccess -o tsv",
    prints: /^false$/im,
  },
  {
    command: "az storage account list",
    lines:
      'az storage account list -g keyless-data --query "[0].name" -o tsv\n' +
      'az storage account list --query "length([?tags.\\"keyless-csi.cluster\\" != null])" -o tsv\n' +
      "az storage account update -n kldocs -g keyless-data --tags keyless-csi.cluster=docs -o none\n" +
      'az storage account list --query "length([?tags.\\"keyless-csi.cluster\\" != null])" -o tsv',
    prints: /^kldocs\n0\n1$/m,
  },
  {
    command: "az storage account show",
    lines:
      'az storage account show -n kldocs --query "{keys: allowSharedKeyAccess, public: allowBlobPublicAccess}" -o json',
    prints: /"keys": false/,
  },
  {
    command: "az storage account update",
    lines:
      "az storage account update -n kldocs -g keyless-data --enable-local-user false --query isLocalUserEnabled -o tsv",
    prints: /^false$/im,
  },
  {
    command: "az storage container list",
    lines:
      'az rest --method put --body \'{"properties": {"containerDeleteRetentionPolicy": {"enabled": true, "days": 7}}}\' ' +
      '--url "$DATA/providers/Microsoft.Storage/storageAccounts/kldocs/blobServices/default?api-version=2025-06-01" -o none\n' +
      'for method in put delete; do az rest --method $method --body "{}" -o none --url ' +
      '"$DATA/providers/Microsoft.Storage/storageAccounts/kldocs/blobServices/default/containers/kept?api-version=2025-06-01"; done\n' +
      "az storage container list --account-name kldocs --auth-mode login --include-deleted " +
      '--query "[?deleted].[name, version]" --output tsv | tee $OUT/deleted',
    prints: /^kept\t\S+$/m,
  },
  {
    command: "az storage container restore",
    lines:
      "az storage container restore --account-name kldocs --auth-mode login --name kept " +
      '--deleted-version "$(cut -f2 $OUT/deleted)" -o none\n' +
      'az storage container list --account-name kldocs --auth-mode login --query "[].name" --output tsv',
    prints: /^kept$/m,
  },
  {
    command: "az tag update",
    lines:
      "az tag update --operation merge --resource-id $DATA/providers/Microsoft.Storage/storageAccounts/kldocs " +
      "--tags keyless-csi.cluster=c keyless-csi.cluster-uid=u --query properties.tags -o json",
    prints: /"keyless-csi.cluster-uid": "u"/,
  },
  {
    command: "az resource list",
    lines:
      "az resource list --resource-group keyless-data --resource-type Microsoft.Storage/storageAccounts " +
      '--query "[?tags.\\"keyless-csi.cluster\\" == \'c\'].id" --output tsv',
    prints: /storageAccounts\/kldocs$/m,
  },
  {
    command: "az identity list",
    lines: 'az identity list -g keyless-data --query "[].name" -o tsv',
    prints: /^keyless-csi-controller$/m,
  },
  {
    command: "az role assignment create",
    lines:
      'az role assignment create --assignee-object-id "$(cat $OUT/principal)" --assignee-principal-type ServicePrincipal ' +
      '--role "Storage Blob Data Contributor" --scope $DATA/providers/Microsoft.Storage/storageAccounts/kldocs --query principalType -o tsv\n' +
      // As the event AccessMissing has it: with the role's GUID, and a name by which it is recognised.
      "az role assignment create --name 0b6e1f0c-1111-5222-8333-444455556666 " +
      '--assignee-object-id "$(cat $OUT/principal)" --assignee-principal-type ServicePrincipal --role ba92f5b4-2d11-453d-a403-e96b0029c9fe ' +
      "--scope $DATA/providers/Microsoft.Storage/storageAccounts/kldocs/blobServices/default/containers/kept --query name -o tsv",
    prints: /^ServicePrincipal\n(?:.*\n)*0b6e1f0c-1111-5222-8333-444455556666$/m,
  },
  {
    command: "az storage container-rm show",
    lines:
      "az storage container-rm create --storage-account kldocs -g keyless-data -n data -o none\n" +
      "az storage container-rm show --storage-account kldocs -g keyless-data -n data --query name -o tsv",
    prints: /^data$/m,
  },
  {
    command: "az storage container immutability-policy show",
    lines:
      'policy() { verb=$1; shift; az storage container immutability-policy $verb --account-name kldocs -g keyless-data -c data "$@"; }\n' +
      "policy create --period 1 -o none\n" +
      "policy show --query immutabilityPeriodSinceCreationInDays -o tsv\n" +
      'policy delete --if-match "$(policy show --query etag -o tsv)" -o none',
    prints: /^1$/m,
  },
  {
    command: "az rest",
    lines:
      'blob() { az rest --resource https://storage.azure.com/ --headers x-ms-version=2021-12-02 --url "https://kldocs.blob.core.windows.net/$1" --method $2; }\n' +
      "if blob proof/any get; then exit 1; fi\n" +
      "blob 'proof?restype=container' put && echo created",
    prints: /^created$/m,
  },
  {
    command: "az lock list",
    lines:
      "az lock create --name freeze --lock-type CanNotDelete -g keyless-other -o none\n" +
      'az lock list -g keyless-other --query "[].name" -o tsv',
    prints: /^freeze$/m,
  },
  {
    command: "az role assignment list",
    lines:
      "az role assignment list --all --query \"[?contains(scope, 'keyless-data')].{role: roleDefinitionName}\" -o tsv",
    prints: /keyless-csi Controller/,
  },
  {
    command: "az role assignment delete",
    lines:
      'az role assignment delete --ids "$(az role assignment list --all --query "[?contains(scope, \'keyless-data\')].id | [0]" -o tsv)" && echo gone',
    prints: /^gone$/m,
  },
  {
    command: "az role definition list",
    lines:
      "az role definition list --custom-role-only --query \"[?starts_with(roleName, 'keyless-csi')].roleName\" --output tsv",
    prints: /^keyless-csi Blob Data$/m,
  },
  {
    command: "az role definition create",
    lines:
      `az role definition create --role-definition '{"Name": "one more", "Description": "", "Actions": ["Microsoft.Storage/storageAccounts/read"], ` +
      `"AssignableScopes": ["/subscriptions/'$SUB'"]}' --query roleName -o tsv`,
    prints: /^one more$/m,
  },
  {
    command: "az policy assignment create",
    lines:
      "az policy assignment create --name keyless-csi-no-shared-keys --policy 8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54 " +
      `--resource-group keyless-data --params '{"effect":{"value":"Deny"}}' --query name -o tsv`,
    prints: /^keyless-csi-no-shared-keys$/m,
  },
  {
    command: "az provider register",
    lines: "az provider register -n Microsoft.Storage && echo registered",
    prints: /^registered$/m,
  },
  {
    command: "az provider show",
    lines:
      "az provider show --namespace Microsoft.Storage " +
      "--query \"resourceTypes[?resourceType=='storageAccounts'].apiVersions[0]\" -o tsv",
    prints: /^20\d\d-/m,
  },
  {
    command: "az storage account keys renew",
    lines: 'az storage account keys renew -n kldocs -g keyless-data --key primary --query "[].keyName" -o tsv',
    prints: /^key1$/m,
  },
  {
    command: "az storage account delete",
    lines:
      "az storage account create -n klproof -g keyless-data -l westeurope --allow-shared-key-access false -o none\n" +
      "az storage account delete -n klproof -g keyless-data --yes && echo deleted",
    prints: /^deleted$/m,
  },
];

/** What the emulator does not have. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  "az ad sp show": "Microsoft Graph, which refuses everybody here",
  "az aks": "a cluster",
  "az cloud set": "another cloud of Azure",
  "az monitor activity-log list": "the activity log",
  "az monitor metrics list": "the metrics of Azure Monitor",
};

/** Every document, and what is shipped. */
function texts(): string[] {
  const folders = ["docs", "deploy"].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
  );
  const files = ["README.md", ...folders].filter((path) => /\.(md|yaml|json)$/.test(path));
  return files.map((path) => readFileSync(join(repository, path), "utf8"));
}

/** Every command of az in the documents and in what is shipped, without flags; commands that are only named too. */
export function documentedCommands(): string[] {
  const found = texts().flatMap((text) => [...text.matchAll(/(?:^|[`$( ])az ([a-z][a-z-]*(?: [a-z][a-z-]*)*)/gm)]);
  return [...new Set(found.map(([, words]) => `az ${words}`))].sort();
}

/** The flags with which the documents write each command. */
export function documentedFlags(): Map<string, Set<string>> {
  const flagsOf = new Map<string, Set<string>>();
  for (const text of texts()) {
    const lines = text.replaceAll(/\\\n\s*/g, "");
    for (const [, words, rest = ""] of lines.matchAll(
      /(?:^|[`$( ])az ([a-z][a-z-]*(?: [a-z][a-z-]*)*)((?= -)[^\n`]*)/gm,
    )) {
      const [own = ""] = rest.replaceAll(/"[^"]*"|'[^']*'/g, "_").split(/[|;)&]/);
      const flags = flagsOf.get(`az ${words}`) ?? new Set();
      for (const [, flag = ""] of own.matchAll(/ (--?[a-z][a-z-]*)/g)) flags.add(flag);
      flagsOf.set(`az ${words}`, flags);
    }
  }
  return flagsOf;
}

/** Whether one of the tables covers a command; a text may go on after it, and may name a group of commands only. */
export function isCovered(command: string): boolean {
  const known = [...REHEARSALS.map((each) => each.command), ...Object.keys(ELSEWHERE)];
  return known.some((each) => `${command} `.startsWith(`${each} `) || `${each} `.startsWith(`${command} `));
}
