// StorageClasses that others have published for blob.csi.azure.com and file.csi.azure.com, as people bring them here with the
// provisioner changed: their parameters as data, each with the address of its source; of those with a number only the text is
// known, by a search in public repositories. Values in capitals are the source's.

export interface ClassOfOthers {
  readonly source: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const blob = (commit: string, file: string) =>
  `https://github.com/kubernetes-sigs/blob-csi-driver/blob/${commit}/deploy/example/${file}`;
const files = (commit: string, file: string) =>
  `https://github.com/kubernetes-sigs/azurefile-csi-driver/blob/${commit}/deploy/example/${file}`;

const GROUP = "EXISTING_RESOURCE_GROUP_NAME";
const ACCOUNT = "EXISTING_STORAGE_ACCOUNT_NAME";
const SECRETS = {
  "csi.storage.k8s.io/provisioner-secret-name": "azure-secret",
  "csi.storage.k8s.io/provisioner-secret-namespace": "default",
  "csi.storage.k8s.io/node-stage-secret-name": "azure-secret",
  "csi.storage.k8s.io/node-stage-secret-namespace": "default",
};

export const CLASSES_OF_OTHERS: readonly ClassOfOthers[] = [
  {
    source: blob("036d366de97cc59a1ad7370be7e690d703582a1e", "storageclass-blob-nfs.yaml"),
    parameters: { storageAccount: ACCOUNT, protocol: "nfs" },
  },
  {
    source: blob("1353aa3c2889dd783d75fcdfed1beed5542eff02", "storageclass-blob-secret.yaml"),
    parameters: SECRETS,
  },
  {
    source: blob("0b3833ab771452b87201954276229a8c06674397", "storageclass-blobfuse-existing-container.yaml"),
    parameters: {
      resourceGroup: GROUP,
      storageAccount: ACCOUNT,
      containerName: "EXISTING_CONTAINER_NAME",
      server: "SERVER_ADDRESS",
    },
  },
  {
    source: blob("64966a378253877fd88304165801eb27b94202a6", "storageclass-blobfuse-msi.yaml"),
    parameters: {
      resourceGroup: "EXISTING_RESOURCE_GROUP",
      storageAccount: "EXISTING_STORAGE_ACCOUNT",
      containerName: "EXISTING_CONTAINER_NAME",
      AzureStorageIdentityClientID: "",
      AzureStorageIdentityObjectID: "",
      AzureStorageIdentityResourceID: "",
      MSIEndpoint: "",
      AzureStorageSPNClientID: "",
      AzureStorageSPNTenantID: "",
      AzureStorageAADEndpoint: "",
    },
  },
  {
    source: blob("1353aa3c2889dd783d75fcdfed1beed5542eff02", "storageclass-blobfuse-readonly.yaml"),
    parameters: { resourceGroup: GROUP, storageAccount: ACCOUNT, containerName: "EXISTING_CONTAINER_NAME" },
  },
  {
    source: blob("006d021fd8dacef5cb9117a02dedd54af2c3fcda", "storageclass-blobfuse.yaml"),
    parameters: { skuName: "Premium_LRS" },
  },
  {
    source: blob("006d021fd8dacef5cb9117a02dedd54af2c3fcda", "storageclass-blobfuse2.yaml"),
    parameters: { skuName: "Premium_LRS", protocol: "fuse2" },
  },
  {
    source: blob("4445191b1ac306a6ea9088b4d166b7b295316001", "storageclass-blobfuse-mountoptions.yaml"),
    parameters: { skuName: "Standard_LRS" },
  },
  {
    source: blob("1353aa3c2889dd783d75fcdfed1beed5542eff02", "blobfuse-mi/storageclass-blobfuse-mi.yaml"),
    parameters: {
      skuName: "Premium_LRS",
      protocol: "fuse",
      resourceGroup: GROUP,
      storageAccount: ACCOUNT,
      AzureStorageAuthType: "MSI",
      AzureStorageIdentityClientID: "xxxxx-xxxx-xxx-xxx-xxxxxxx",
    },
  },
  {
    source: files("1e120b44a4b193220e11bbb69cbf3a95c79df7d0", "storageclass-azurefile-csi.yaml"),
    parameters: { skuName: "Premium_LRS" },
  },
  {
    source: files("3abdb132ee3fcd101337e11602e0c6e1d9182e90", "storageclass-azurefile-existing-share.yaml"),
    parameters: { resourceGroup: GROUP, storageAccount: ACCOUNT, shareName: "SHARE_NAME" },
  },
  {
    source: files("046c6e3859deb908f81e42e64ec1bb9cbf728ddb", "storageclass-azurefile-nfs.yaml"),
    parameters: { protocol: "nfs", skuName: "Premium_LRS" },
  },
  {
    source: files("1e8b685aa3f2205192901c0b0a285e8db1004f67", "storageclass-azurefile-secret.yaml"),
    parameters: SECRETS,
  },
  {
    source: files("422d7056e2024e40b81edf957d200e9d9a8c021b", "storageclass-azurefile-large-scale.yaml"),
    parameters: { skuName: "Premium_LRS", useDataPlaneAPI: "true", disableDeleteRetentionPolicy: "true" },
  },
  {
    source: files("59c841d1d561c82c546f3bf64b7a6e19f17cdb1b", "disk/storageclass-azurefile-csi.yaml"),
    parameters: { skuName: "Premium_LRS", fsType: "ext4" },
  },
  {
    source: files("59c841d1d561c82c546f3bf64b7a6e19f17cdb1b", "disk/storageclass-azurefile-existing-disk.yaml"),
    parameters: {
      resourceGroup: GROUP,
      storageAccount: ACCOUNT,
      shareName: "SHARE_NAME",
      diskName: "EXISTING_DISK_NAME",
      fsType: "ext4",
    },
  },
  {
    source: files("3ddde6bcef7921c269bb56af02768dd0e38e0993", "kata-cc/storageclass-azurefile-kata-cc.yaml"),
    parameters: { skuName: "Premium_LRS", enableKataCCMount: "true" },
  },
  {
    source: files(
      "188faa616a1bc68b59e642924c2bf9bdd59bfb23",
      "largeFileShares/storageclass-azurefile-largefileshares.yaml",
    ),
    parameters: { skuName: "Premium_LRS", enableLargeFileShares: "true" },
  },
  {
    source: files("7e0909f90363119afa7d986114b8d8ba4ad2470f", "modifyvolume/storageclass-azurefile-csi-premiumv2.yaml"),
    parameters: { skuName: "PremiumV2_LRS" },
  },
  {
    source: files("09d0525bd6346deeacc243f94b7d9c5d9cf588ef", "storageclass-azurefile-csi-mountoptions.yaml"),
    parameters: { skuName: "Standard_LRS" },
  },
  {
    source: blob("3ced4169be36becb29e4721a91a71f69ea492d26", "storageclass-blobfuse-csi-existing-container.yaml"),
    parameters: {
      ...{
        skuName: "Standard_LRS",
        resourceGroup: "EXISTING_RESOURCE_GROUP",
        storageAccount: "EXISTING_STORAGE_ACCOUNT",
      },
      ...{ containerName: "EXISTING_CONTAINER_NAME", server: "SERVER_ADDRESS" },
    },
  },
  {
    source:
      "https://github.com/kubernetes-csi/csi-driver-smb/blob/123543bba823d8b1681418a0fec887c3c528a551/deploy/example/storageclass-smb.yaml",
    parameters: {
      source: "//smb-server.default.svc.cluster.local/share",
      "csi.storage.k8s.io/node-stage-secret-name": "smbcreds",
      "csi.storage.k8s.io/node-stage-secret-namespace": "default",
    },
  },
  {
    source:
      "https://github.com/kubernetes-csi/csi-driver-nfs/blob/473a7d3911432c3c82a1ae68bb98618c352d5f1c/deploy/example/storageclass-nfs.yaml",
    parameters: { server: "nfs-server.default.svc.cluster.local", share: "/" },
  },
  {
    source:
      "https://github.com/kubernetes-sigs/azuredisk-csi-driver/blob/007ed1d2cfaa335924e48d5351d3543272f618a2/deploy/example/storageclass-azuredisk-csi.yaml",
    parameters: { skuName: "StandardSSD_LRS" },
  },
  {
    source: "https://learn.microsoft.com/azure/aks/create-volume-azure-blob-storage (custom class, NFS)",
    parameters: { protocol: "nfs", tags: "environment=Development" },
  },
  {
    source: "https://learn.microsoft.com/azure/aks/create-volume-azure-blob-storage (custom class, blobfuse)",
    parameters: { skuName: "Standard_GRS" },
  },
  {
    source: "https://learn.microsoft.com/azure/aks/network-isolated (blob class with a private endpoint)",
    parameters: { skuName: "Premium_LRS", protocol: "fuse2", networkEndpointType: "privateEndpoint" },
  },
  {
    source: "AKS, built-in class azureblob-nfs-premium",
    parameters: { skuName: "Premium_LRS", protocol: "nfs" },
  },
  {
    source: "https://github.com/kubernetes-sigs/blob-csi-driver/pull/2103 (BlobStorageAccountType in a class)",
    parameters: { skuName: "Standard_LRS", protocol: "fuse2", BlobStorageAccountType: "adls" },
  },
  {
    source:
      "https://github.com/kubernetes-sigs/blob-csi-driver/issues/1926 (server and storageEndpointSuffix in a class)",
    parameters: {
      protocol: "fuse2",
      containerName: "rainbow",
      server: "rainbow.blob.core.chinacloudapi.cn",
      storageEndpointSuffix: "core.chinacloudapi.cn",
    },
  },
  {
    source: "find_string 22258141283 (NFS on a given account, with its server)",
    parameters: {
      protocol: "nfs",
      resourceGroup: "demo-rg",
      storageAccount: "demosa",
      server: "demosa.blob.core.windows.net",
      containerName: "upload",
    },
  },
  {
    source: "find_string 66755838782 (blobfuse with a secret for three sidecars)",
    parameters: {
      ...{ protocol: "fuse", skuName: "Standard_LRS", containerName: "demo", ...SECRETS },
      "csi.storage.k8s.io/controller-publish-secret-name": "azure-storage-secret",
      "csi.storage.k8s.io/controller-publish-secret-namespace": "blob-storage",
    },
  },
  {
    source: "find_string 57932203625 (geo-redundant account, the node's identity)",
    parameters: {
      ...{ skuName: "Standard_GRS", protocol: "fuse", resourceGroup: "demo-rg", storageAccount: "demosa" },
      AzureStorageAuthType: "MSI",
      AzureStorageIdentityClientID: "0f0e0d0c-0b0a-4900-8807-060504030201",
    },
  },
  {
    source: "find_string 15322547471 (files through a private endpoint in a subnet of its own)",
    parameters: {
      ...{ skuName: "Standard_LRS", resourceGroup: "myappstoragerg", networkEndpointType: "privateEndpoint" },
      ...{ vnetResourceGroup: "aksresourcerg", vnetName: "aks-vnet", subnetName: "pesubnet" },
    },
  },
  {
    source: "find_string 18636473658 (files without public access, through a private endpoint)",
    parameters: { allowBlobPublicAccess: "false", networkEndpointType: "privateEndpoint", skuName: "Premium_LRS" },
  },
  {
    source: "find_string 26113376821 (NFS shares, a SKU with a colon)",
    parameters: {
      ...{ protocol: "nfs", networkEndpointType: "privateEndpoint", location: "eastus" },
      ...{ resourceGroup: "demo-rg", skuName: "Premium:LRS" },
    },
  },
  {
    source: "find_string 39805072680 (NFS shares with a file system type and secrets)",
    parameters: {
      ...{ resourceGroup: "demo-nodes", storageAccount: "demopremium", protocol: "nfs", fsType: "nfs", ...SECRETS },
      "csi.storage.k8s.io/controller-expand-secret-name": "azure-secret",
      "csi.storage.k8s.io/controller-expand-secret-namespace": "default",
    },
  },
];

/** The mount options beside such parameters. */
export const MOUNT_OPTIONS_OF_OTHERS: readonly { readonly source: string; readonly mountOptions: readonly string[] }[] =
  [
    { source: "a class without any", mountOptions: [] },
    {
      source: blob("006d021fd8dacef5cb9117a02dedd54af2c3fcda", "storageclass-blobfuse.yaml"),
      mountOptions: [
        ...["-o allow_other", "--file-cache-timeout-in-seconds=120", "--use-attr-cache=true"],
        ...[
          "--cancel-list-on-mount-seconds=10",
          "-o attr_timeout=120",
          "-o entry_timeout=120",
          "-o negative_timeout=120",
        ],
        ...["--log-level=LOG_WARNING", "--cache-size-mb=1000"],
      ],
    },
    {
      source: blob("64966a378253877fd88304165801eb27b94202a6", "storageclass-blobfuse-msi.yaml"),
      mountOptions: ["-o allow_other", "--file-cache-timeout-in-seconds=120"],
    },
    {
      source: files("1e120b44a4b193220e11bbb69cbf3a95c79df7d0", "storageclass-azurefile-csi.yaml"),
      mountOptions: [
        "dir_mode=0777",
        "file_mode=0777",
        "mfsymlinks",
        "cache=strict",
        "nosharesock",
        "actimeo=30",
        "nobrl",
      ],
    },
    {
      source: files("09d0525bd6346deeacc243f94b7d9c5d9cf588ef", "storageclass-azurefile-csi-mountoptions.yaml"),
      mountOptions: ["dir_mode=0777", "file_mode=0777", "uid=0", "gid=0", "mfsymlinks", "cache=strict", "nosharesock"],
    },
    {
      source: files("046c6e3859deb908f81e42e64ec1bb9cbf728ddb", "storageclass-azurefile-nfs.yaml"),
      mountOptions: ["nconnect=8"],
    },
    {
      source: "find_string 61868397595 (blobfuse on a read-only root)",
      mountOptions: ["-o allow_other", "--file-cache-timeout-in-seconds=120", "--default-working-dir=/tmp/blobfuse2"],
    },
  ];
