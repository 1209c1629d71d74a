"""The Azure SDKs for Python as their users run them: client.py CONFIG

Knows nothing of the emulator: no endpoint, cloud or authority is set. Reads a step's name from each line of standard
input and answers each with a line of JSON: {"seen": ...}, {"status", "code"} of a refusal, or {"fault"}.
"""

import base64
import hashlib
import json
import sys
import traceback
import uuid

from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobPrefix, BlobServiceClient, ContentSettings

MIB = 1024 * 1024
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
MADE_UP_KEY = base64.b64encode(bytes(range(64))).decode()

with open(sys.argv[1], encoding="utf-8") as file:
    config = json.load(file)

administrator = ClientSecretCredential(
    config["tenantId"], config["administrator"]["clientId"], config["administrator"]["clientSecret"]
)
workload = WorkloadIdentityCredential(
    tenant_id=config["tenantId"],
    client_id=config["workload"]["clientId"],
    token_file_path=config["workload"]["tokenFile"],
)
machine = ManagedIdentityCredential(client_id=config["machine"]["clientId"])

storage = StorageManagementClient(administrator, config["subscriptionId"])
authorization = AuthorizationManagementClient(administrator, config["subscriptionId"])
identities = ManagedServiceIdentityClient(administrator, config["subscriptionId"])

group, account, container = config["resourceGroup"], config["account"], config["container"]
subscription_scope = f"/subscriptions/{config['subscriptionId']}"
container_scope = (
    f"{subscription_scope}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}"
    f"/blobServices/default/containers/{container}"
)
role_definition = f"{subscription_scope}/providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}"
assignment_name = str(uuid.uuid4())
big = bytes(i % 251 for i in range(251)) * (9 * MIB // 251) + b"end"


def container_as(credential):
    """The container, with small blocks so that the big blob goes up and comes down in parts."""
    service = BlobServiceClient(
        f"https://{account}.blob.core.windows.net",
        credential=credential,
        max_single_put_size=4 * MIB,
        max_block_size=4 * MIB,
        max_single_get_size=4 * MIB,
        max_chunk_get_size=4 * MIB,
    )
    return service.get_container_client(container)


def claims_of(credential, scope):
    """Tenant and principal that a token is for."""
    payload = credential.get_token(scope).token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {"tenant": claims["tid"], "principal": claims["oid"]}


def sign_in():
    return claims_of(administrator, "https://management.azure.com/.default")


def find_principal():
    found = identities.user_assigned_identities.list_by_resource_group(group)
    return {"principal": [each.principal_id for each in found if each.client_id == config["workload"]["clientId"]][0]}


def create_account():
    made = storage.storage_accounts.begin_create(
        group,
        account,
        {
            "location": config["location"],
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "properties": {
                "allowSharedKeyAccess": False,
                "allowBlobPublicAccess": False,
                "minimumTlsVersion": "TLS1_2",
            },
        },
    ).result()
    return {"account": made.name, "state": made.provisioning_state, "sharedKey": made.allow_shared_key_access}


def create_container():
    made = storage.blob_containers.create(group, account, container, {"properties": {"metadata": {"made": "by-arm"}}})
    read = storage.blob_containers.get(group, account, container)
    return {"container": made.name, "metadata": read.metadata}


def upload_without_grant():
    container_as(workload).upload_blob("early", b"early")


def assign_role():
    made = authorization.role_assignments.create(
        container_scope,
        assignment_name,
        {
            "properties": {
                "roleDefinitionId": role_definition,
                "principalId": config["workload"]["principalId"],
                "principalType": "ServicePrincipal",
            }
        },
    )
    return {"principal": made.principal_id, "scope": made.scope}


def upload():
    client = container_as(workload)
    settings = ContentSettings(content_type="text/plain")
    client.upload_blob("hello.txt", b"hello, keyless", metadata={"note": "kept"}, content_settings=settings)
    client.upload_blob("folder/small", b"small")
    client.upload_blob("folder/big", big)
    return {"bytes": client.get_blob_client("folder/big").get_blob_properties().size}


def upload_again():
    container_as(workload).upload_blob("hello.txt", b"other", overwrite=False)


def download():
    client = container_as(workload)
    whole = client.download_blob("folder/big", max_concurrency=2).readall()
    part = client.download_blob("hello.txt", offset=7, length=7).readall()
    properties = client.get_blob_client("hello.txt").get_blob_properties()
    return {
        "sha256": hashlib.sha256(whole).hexdigest(),
        "part": part.decode(),
        "note": properties.metadata["note"],
        "type": properties.content_settings.content_type,
    }


def list_blobs():
    client = container_as(workload)
    pages = [[blob.name for blob in page] for page in client.list_blobs(results_per_page=2).by_page()]
    walked = list(client.walk_blobs(delimiter="/"))
    return {
        "pages": pages,
        "prefixes": [each.name for each in walked if isinstance(each, BlobPrefix)],
        "top": [each.name for each in walked if not isinstance(each, BlobPrefix)],
    }


def use_key():
    next(iter(container_as({"account_name": account, "account_key": MADE_UP_KEY}).list_blobs()), None)


def managed_identity():
    return claims_of(machine, "https://storage.azure.com/.default")


def list_without_grant():
    next(iter(container_as(machine).list_blobs()), None)


def list_resources():
    accounts = storage.storage_accounts.list_by_resource_group(group)
    containers = storage.blob_containers.list(group, account)
    assignments = authorization.role_assignments.list_for_scope(
        container_scope, filter=f"principalId eq '{config['workload']['principalId']}'"
    )
    return {
        "accounts": [each.name for each in accounts],
        "containers": [each.name for each in containers],
        "assignments": [each.name == assignment_name for each in assignments],
    }


def delete_blobs():
    client = container_as(workload)
    for blob in client.list_blobs():
        client.delete_blob(blob.name)
    return {"left": len(list(client.list_blobs()))}


def remove_role():
    authorization.role_assignments.delete(container_scope, assignment_name)


def list_after_removal():
    next(iter(container_as(workload).list_blobs()), None)


def delete_container():
    storage.blob_containers.delete(group, account, container)


def delete_account():
    storage.storage_accounts.delete(group, account)
    return {"accounts": [each.name for each in storage.storage_accounts.list()]}


def take(step):
    """What a step has shown, as the line to print."""
    try:
        return {"seen": globals()[step]()}
    except HttpResponseError as error:
        return {"status": error.status_code, "code": str(getattr(error, "error_code", None)), "told": str(error)}
    except Exception:  # pylint: disable=broad-except
        return {"fault": traceback.format_exc()}


for line in sys.stdin:
    print(json.dumps(take(line.strip())), flush=True)
