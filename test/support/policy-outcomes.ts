// What becomes of a claim under each built-in policy with the effect Deny: the class that complies, or that none can. Held by
// test/csi/built-in-policies.test.ts, shown by docs/reference/policies.md.

type Parameters = Readonly<Record<string, string>>;

export interface Outcome {
  /** Parameters of the assignment that the test tries, beside `effect`. */
  readonly assigned?: Readonly<Record<string, unknown>>;
  /** Class parameters that comply. Empty: every class does. `"no class"`: whatever it says, a new account is denied. */
  readonly needs: Parameters | "no class";
  /** Whether a class of a given account (`storageAccount`) gets its volume, where no class complies. */
  readonly isGivenServed?: boolean;
  readonly because: string;
}

const ALWAYS = (because: string): Outcome => ({ needs: {}, because });
const LOCATION = (location: string): Outcome => ({
  needs: { location },
  because: "a region of the list, as `location` or `--location`",
});
const CLOSED = (because: string): Outcome => ({ needs: { publicNetworkAccess: "Disabled" }, because });
const ACCOUNTS = "Microsoft.Storage/storageAccounts";

export const OUTCOMES: Readonly<Record<string, Outcome>> = {
  "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54": ALWAYS("`allowSharedKeyAccess` is false"),
  "fd9903f1-38c2-4d36-8e44-5c1c20c561e8": ALWAYS("the same"),
  "4fa4b6c0-31ca-4c0d-b10d-24b96f62a751": ALWAYS("`allowBlobPublicAccess` is false"),
  "7aa1c9d5-3d7e-4579-8117-d85e99211757": {
    needs: { sasExpirationAction: "Block" },
    because: "`sasPolicy` has 7 days in every class; the policy also wants longer ones blocked",
  },
  "bc1b984e-ddae-40cc-801a-050a030e4fbe": ALWAYS("`sasPolicy` is there"),
  "34c877ad-507e-4c82-993e-3452a6e0ad3c": CLOSED("it comes with `networkAcls.defaultAction: Deny`"),
  "2a1a9cdf-e04d-429a-8416-3bfb72a1b26f": CLOSED("the same, and no IP rules"),
  "db4f9b05-5ffd-4b34-b714-3c710dbb3fd6": CLOSED("the same"),
  "b2982f36-99f2-4db5-8eff-283140c09693": CLOSED("it is what the policy looks at; `SecuredByPerimeter` does not do"),
  "c9d007d0-c057-4772-b18c-01e546713bcd": ALWAYS("where a firewall is stated, it has `bypass: AzureServices`"),
  "92a89a79-6c52-4a7e-a03f-61306fc49312": ALWAYS("`allowCrossTenantReplication` is false"),
  "404c3081-a854-4457-ae30-26a93ef643f9": ALWAYS("`supportsHttpsTrafficOnly` is true"),
  "fe83a0eb-a853-422d-aac2-1bffd182c5d0": ALWAYS("`minimumTlsVersion` is TLS1_2, the policy's default"),
  "4733ea7b-a883-42fe-8cac-97454c2a9e4a": {
    needs: { requireInfraEncryption: "true" },
    because: "the account's data is encrypted a second time",
  },
  "7433c107-6db4-4ad1-b57a-a76dce0154a1": {
    assigned: { listOfAllowedSKUs: ["Standard_GRS", "Premium_ZRS"] },
    needs: { skuName: "Premium_ZRS" },
    because: "a SKU of the list",
  },
  "85b005b2-95fc-4953-b9cb-f9ee6427c754": {
    needs: { skuName: "Standard_ZRS" },
    because: "any SKU that ends with ZRS",
  },
  "044985bb-afe1-42cd-8a36-9d5d42424537": ALWAYS("no `keyPolicy` is set, and keys do not work"),
  "f0e5abd0-2554-4736-b7c0-4ffef23475ef": ALWAYS("it is about accounts with customer-managed keys"),
  "7c322315-e26d-4174-a99e-f49d351b4688": ALWAYS("the same"),
  "7c5a74bf-ae94-4a74-8fcf-644d1e0e6e6f": ALWAYS("Azure encrypts all blobs"),
  "c36a325b-ae04-4863-ad4f-19c6678f8e08": ALWAYS(
    "versioning is never stated; `softDelete…` keeps what the account has",
  ),
  "bfecdea6-31c4-4045-ad42-71b9dc87247d": ALWAYS("no encryption scopes are created"),
  "37e0d2fe-28a5-43d6-a273-67d37d1f5606": ALWAYS("it is about classic accounts"),
  "e56962a6-4747-49cd-b67b-bf8b01975c4c": {
    assigned: { listOfAllowedLocations: ["northeurope", "swedencentral"] },
    ...LOCATION("northeurope"),
  },
  "a08ec900-254a-4555-9bf5-e42af04b5c5c": {
    assigned: { listOfResourceTypesAllowed: ["Microsoft.Compute/virtualMachines"] },
    needs: "no class",
    isGivenServed: true,
    because: `if ${ACCOUNTS} is not in the list`,
  },
  "6c112d4e-5bc7-47ae-a041-ea2d9dccd749": {
    assigned: { listOfResourceTypesNotAllowed: [ACCOUNTS] },
    needs: "no class",
    isGivenServed: true,
    because: `if ${ACCOUNTS} is in the list`,
  },
  "16fabb5c-7379-4433-8009-042066fa3a16": {
    needs: "no class",
    isGivenServed: false,
    because: "it denies nearly every resource, containers and role assignments too",
  },
  "4e6c27d5-a6ee-49cf-b2b4-d8fe90fa2b8b": ALWAYS("the controller is no user"),
  "94c19f19-8192-48cd-a11b-e37099d3e36b": LOCATION("northeurope"),
  "983211ba-f348-4758-983b-21fa29294869": LOCATION("eastus"),
  "c1b9cbed-08e3-427d-b9ce-7c535b1e9b94": LOCATION("southeastasia"),
  "5ee85ce5-e7eb-44d6-b4a2-32a24be1ca54": LOCATION("centralindia"),
  "6fdb9205-3462-4cfc-87d8-16c7860b53f4": LOCATION("japaneast"),
  "871b6d14-10aa-478d-b590-94f262ecfa99": {
    assigned: { tagName: "owner" },
    needs: { tags: "owner=storage" },
    because: "the tag of the assignment",
  },
  "1e30110a-5ceb-460c-a204-c1c3969c6d62": {
    assigned: { tagName: "owner", tagValue: "Storage" },
    needs: { tags: "owner=storage" },
    because: "tag and value of the assignment",
  },
  "36fd7371-8eb7-4321-9c30-a7100022d048": {
    assigned: { tagName: "owner" },
    ...ALWAYS("unless `tags` has that tag, or the tag is one of `keyless-csi.*`"),
  },
  "cd8dc879-a2ae-43c3-8211-1877c5755064": {
    needs: { tags: "department=it" },
    because: "any value",
  },
  "ac7e5fc0-c029-4b12-91d4-a8500ce697f9": {
    needs: { tags: "environment=production" },
    because: "one of production, dev, test, staging",
  },
};
