// The Azure SDKs for Go as their users run them: clients-go CONFIG
//
// Knows nothing of the emulator: no endpoint, cloud or authority is set. Reads a step's name from each line of standard
// input and answers each with a line of JSON: {"seen"}, {"status", "code"} of a refusal, or {"fault"}.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

const (
	mib         = 1024 * 1024
	contributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	// Longer than any step needs: a step that hangs ends with a fault that says so.
	stepLimit = time.Minute
)

type configuration struct {
	TenantID       string
	SubscriptionID string
	ResourceGroup  string
	Location       string
	Account        string
	Container      string
	// Whether the account that is made has a hierarchical namespace.
	Hierarchical  bool
	Administrator struct{ ClientID, ClientSecret string }
	Workload      struct{ ClientID, PrincipalID, TokenFile string }
	Machine       struct{ ClientID string }
}

type seen map[string]any

// session is one run of the client: who signs in, and the clients of Resource Manager.
type session struct {
	configuration
	administrator, workload, machine azcore.TokenCredential
	accounts                         *armstorage.AccountsClient
	containers                       *armstorage.BlobContainersClient
	assignments                      *armauthorization.RoleAssignmentsClient
	identities                       *armmsi.UserAssignedIdentitiesClient
	assignmentName                   string
}

func main() {
	s, err := open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, _ := json.Marshal(s.take(strings.TrimSpace(lines.Text())))
		fmt.Println(string(answer))
	}
}

func open(path string) (*session, error) {
	s := &session{assignmentName: newName()}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// Names in the file differ from these in case only, which this decoder does not mind.
	if err := json.Unmarshal(text, &s.configuration); err != nil {
		return nil, err
	}
	return s, errors.Join(s.makeCredentials(), s.makeClients())
}

func (s *session) makeCredentials() error {
	administrator, err1 := azidentity.NewClientSecretCredential(s.TenantID, s.Administrator.ClientID, s.Administrator.ClientSecret, nil)
	workload, err2 := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		TenantID: s.TenantID, ClientID: s.Workload.ClientID, TokenFilePath: s.Workload.TokenFile,
	})
	machine, err3 := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ID: azidentity.ClientID(s.Machine.ClientID),
	})
	s.administrator, s.workload, s.machine = administrator, workload, machine
	return errors.Join(err1, err2, err3)
}

func (s *session) makeClients() error {
	storage, err1 := armstorage.NewClientFactory(s.SubscriptionID, s.administrator, nil)
	authorization, err2 := armauthorization.NewClientFactory(s.SubscriptionID, s.administrator, nil)
	identities, err3 := armmsi.NewClientFactory(s.SubscriptionID, s.administrator, nil)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	s.accounts, s.containers = storage.NewAccountsClient(), storage.NewBlobContainersClient()
	s.assignments = authorization.NewRoleAssignmentsClient()
	s.identities = identities.NewUserAssignedIdentitiesClient()
	return nil
}

// take runs a step; what it returns is the line to print.
func (s *session) take(step string) map[string]any {
	steps := map[string]func(context.Context) (seen, error){
		"sign_in":              s.signIn,
		"find_principal":       s.findPrincipal,
		"create_account":       s.createAccount,
		"create_container":     s.createContainer,
		"upload_without_grant": s.uploadWithoutGrant,
		"assign_role":          s.assignRole,
		"upload":               s.upload,
		"upload_again":         s.uploadAgain,
		"download":             s.download,
		"list_blobs":           s.listBlobs,
		"use_key":              s.useKey,
		"managed_identity":     s.managedIdentity,
		"list_without_grant":   func(ctx context.Context) (seen, error) { return nil, s.firstPageAs(ctx, s.machine) },
		"list_resources":       s.listResources,
		"delete_blobs":         s.deleteBlobs,
		"remove_role":          s.removeRole,
		"list_after_removal":   func(ctx context.Context) (seen, error) { return nil, s.firstPageAs(ctx, s.workload) },
		"delete_container":     s.deleteContainer,
		"delete_account":       s.deleteAccount,
	}
	for name, run := range s.mountSteps() {
		steps[name] = run
	}
	run, known := steps[step]
	if !known {
		return seen{"fault": "no such step: " + step}
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	result, err := run(ctx)
	var refusal *azcore.ResponseError
	switch {
	case errors.As(err, &refusal):
		return seen{"status": refusal.StatusCode, "code": refusal.ErrorCode, "told": err.Error()}
	case err != nil:
		return seen{"fault": err.Error()}
	}
	return seen{"seen": result}
}

func (s *session) signIn(ctx context.Context) (seen, error) {
	return claimsOf(ctx, s.administrator, "https://management.azure.com/.default")
}

func (s *session) managedIdentity(ctx context.Context) (seen, error) {
	return claimsOf(ctx, s.machine, "https://storage.azure.com/.default")
}

func (s *session) findPrincipal(ctx context.Context) (seen, error) {
	pager := s.identities.NewListByResourceGroupPager(s.ResourceGroup, nil)
	all, err := collect(ctx, pager, func(page armmsi.UserAssignedIdentitiesClientListByResourceGroupResponse) []*armmsi.Identity {
		return page.Value
	})
	for _, identity := range all {
		if *identity.Properties.ClientID == s.Workload.ClientID {
			return seen{"principal": *identity.Properties.PrincipalID}, err
		}
	}
	return seen{"principal": nil}, err
}

func (s *session) createAccount(ctx context.Context) (seen, error) {
	var hierarchical *bool
	if s.Hierarchical {
		hierarchical = to.Ptr(true)
	}
	poller, err := s.accounts.BeginCreate(ctx, s.ResourceGroup, s.Account, armstorage.AccountCreateParameters{
		Location: &s.Location,
		Kind:     to.Ptr(armstorage.KindStorageV2),
		SKU:      &armstorage.SKU{Name: to.Ptr(armstorage.SKUNameStandardLRS)},
		Properties: &armstorage.AccountPropertiesCreateParameters{
			AllowSharedKeyAccess:  to.Ptr(false),
			AllowBlobPublicAccess: to.Ptr(false),
			MinimumTLSVersion:     to.Ptr(armstorage.MinimumTLSVersionTLS12),
			IsHnsEnabled:          hierarchical,
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	made, err := poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
	if err != nil {
		return nil, err
	}
	properties := made.Properties
	return seen{"account": *made.Name, "state": *properties.ProvisioningState, "sharedKey": *properties.AllowSharedKeyAccess}, nil
}

func (s *session) createContainer(ctx context.Context) (seen, error) {
	made, err := s.containers.Create(ctx, s.ResourceGroup, s.Account, s.Container, armstorage.BlobContainer{
		ContainerProperties: &armstorage.ContainerProperties{Metadata: map[string]*string{"made": to.Ptr("by-arm")}},
	}, nil)
	if err != nil {
		return nil, err
	}
	read, err := s.containers.Get(ctx, s.ResourceGroup, s.Account, s.Container, nil)
	if err != nil {
		return nil, err
	}
	return seen{"container": *made.Name, "metadata": read.ContainerProperties.Metadata}, nil
}

func (s *session) uploadWithoutGrant(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	_, err = client.NewBlockBlobClient("early").UploadBuffer(ctx, []byte("early"), nil)
	return nil, err
}

func (s *session) assignRole(ctx context.Context) (seen, error) {
	role := "/subscriptions/" + s.SubscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/" + contributor
	made, err := s.assignments.Create(ctx, s.containerScope(), s.assignmentName, armauthorization.RoleAssignmentCreateParameters{
		Properties: &armauthorization.RoleAssignmentProperties{
			RoleDefinitionID: &role,
			PrincipalID:      &s.Workload.PrincipalID,
			PrincipalType:    to.Ptr(armauthorization.PrincipalTypeServicePrincipal),
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	return seen{"principal": *made.Properties.PrincipalID, "scope": *made.Properties.Scope}, nil
}

func (s *session) upload(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	_, err1 := client.NewBlockBlobClient("hello.txt").UploadBuffer(ctx, []byte("hello, keyless"), &blockblob.UploadBufferOptions{
		Metadata:    map[string]*string{"note": to.Ptr("kept")},
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")},
	})
	_, err2 := client.NewBlockBlobClient("folder/small").UploadBuffer(ctx, []byte("small"), nil)
	big := client.NewBlockBlobClient("folder/big")
	options := &blockblob.UploadStreamOptions{BlockSize: 4 * mib, Concurrency: 2}
	_, err3 := big.UploadStream(ctx, bytes.NewReader(bigContent()), options)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	properties, err := big.GetProperties(ctx, nil)
	if err != nil {
		return nil, err
	}
	return seen{"bytes": *properties.ContentLength}, nil
}

func (s *session) uploadAgain(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	_, err = client.NewBlockBlobClient("hello.txt").Upload(ctx, streaming.NopCloser(strings.NewReader("other")), &blockblob.UploadOptions{
		AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
		},
	})
	return nil, err
}

func (s *session) download(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	whole := make([]byte, len(bigContent()))
	options := &blob.DownloadBufferOptions{BlockSize: 4 * mib, Concurrency: 2}
	if _, err := client.NewBlobClient("folder/big").DownloadBuffer(ctx, whole, options); err != nil {
		return nil, err
	}
	hello := client.NewBlobClient("hello.txt")
	answer, err := hello.DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 7, Count: 7}})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	part, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	properties, err := hello.GetProperties(ctx, nil)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(whole)
	return seen{
		"sha256": hex.EncodeToString(digest[:]),
		"part":   string(part),
		"note":   noteIn(properties.Metadata),
		"type":   *properties.ContentType,
	}, nil
}

func (s *session) listBlobs(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	pages := [][]string{}
	flat := client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{MaxResults: to.Ptr(int32(2))})
	for flat.More() {
		page, err := flat.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
		pages = append(pages, names)
	}
	prefixes, top := []string{}, []string{}
	tree := client.NewListBlobsHierarchyPager("/", nil)
	for tree.More() {
		page, err := tree.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, prefix := range page.Segment.BlobPrefixes {
			prefixes = append(prefixes, *prefix.Name)
		}
		for _, item := range page.Segment.BlobItems {
			top = append(top, *item.Name)
		}
	}
	return seen{"pages": pages, "prefixes": prefixes, "top": top}, nil
}

func (s *session) useKey(ctx context.Context) (seen, error) {
	key := make([]byte, 64)
	for index := range key {
		key[index] = byte(index)
	}
	credential, err := azblob.NewSharedKeyCredential(s.Account, base64.StdEncoding.EncodeToString(key))
	if err != nil {
		return nil, err
	}
	client, err := container.NewClientWithSharedKeyCredential(s.containerURL(), credential, nil)
	if err != nil {
		return nil, err
	}
	_, err = client.NewListBlobsFlatPager(nil).NextPage(ctx)
	return nil, err
}

func (s *session) firstPageAs(ctx context.Context, credential azcore.TokenCredential) error {
	client, err := s.containerAs(credential)
	if err != nil {
		return err
	}
	_, err = client.NewListBlobsFlatPager(nil).NextPage(ctx)
	return err
}

func (s *session) listResources(ctx context.Context) (seen, error) {
	accounts, err1 := collect(ctx, s.accounts.NewListByResourceGroupPager(s.ResourceGroup, nil),
		func(page armstorage.AccountsClientListByResourceGroupResponse) []*armstorage.Account {
			return page.Value
		})
	containers, err2 := collect(ctx, s.containers.NewListPager(s.ResourceGroup, s.Account, nil),
		func(page armstorage.BlobContainersClientListResponse) []*armstorage.ListContainerItem {
			return page.Value
		})
	// This SDK puts a filter into the URL as it is: its users escape it.
	filter := url.PathEscape("principalId eq '" + s.Workload.PrincipalID + "'")
	options := &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter}
	assignments, err3 := collect(ctx, s.assignments.NewListForScopePager(s.containerScope(), options),
		func(page armauthorization.RoleAssignmentsClientListForScopeResponse) []*armauthorization.RoleAssignment {
			return page.Value
		})
	accountNames, containerNames, ours := []string{}, []string{}, []bool{}
	for _, each := range accounts {
		accountNames = append(accountNames, *each.Name)
	}
	for _, each := range containers {
		containerNames = append(containerNames, *each.Name)
	}
	for _, each := range assignments {
		ours = append(ours, *each.Name == s.assignmentName)
	}
	found := seen{"accounts": accountNames, "containers": containerNames, "assignments": ours}
	return found, errors.Join(err1, err2, err3)
}

func (s *session) deleteBlobs(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	left := 0
	for _, isLast := range []bool{false, true} {
		blobs, err := collect(ctx, client.NewListBlobsFlatPager(nil),
			func(page container.ListBlobsFlatResponse) []*container.BlobItem { return page.Segment.BlobItems })
		if err != nil {
			return nil, err
		}
		left = len(blobs)
		for _, each := range blobs {
			if isLast {
				break
			}
			if _, err := client.NewBlobClient(*each.Name).Delete(ctx, nil); err != nil {
				return nil, err
			}
		}
	}
	return seen{"left": left}, nil
}

func (s *session) removeRole(ctx context.Context) (seen, error) {
	_, err := s.assignments.Delete(ctx, s.containerScope(), s.assignmentName, nil)
	return nil, err
}

func (s *session) deleteContainer(ctx context.Context) (seen, error) {
	_, err := s.containers.Delete(ctx, s.ResourceGroup, s.Account, s.Container, nil)
	return nil, err
}

func (s *session) deleteAccount(ctx context.Context) (seen, error) {
	if _, err := s.accounts.Delete(ctx, s.ResourceGroup, s.Account, nil); err != nil {
		return nil, err
	}
	left, err := collect(ctx, s.accounts.NewListPager(nil),
		func(page armstorage.AccountsClientListResponse) []*armstorage.Account { return page.Value })
	names := []string{}
	for _, each := range left {
		names = append(names, *each.Name)
	}
	return seen{"accounts": names}, err
}

func (s *session) containerURL() string {
	return "https://" + s.Account + ".blob.core.windows.net/" + s.Container
}

func (s *session) containerAs(credential azcore.TokenCredential) (*container.Client, error) {
	return container.NewClient(s.containerURL(), credential, nil)
}

func (s *session) containerScope() string {
	return "/subscriptions/" + s.SubscriptionID + "/resourceGroups/" + s.ResourceGroup +
		"/providers/Microsoft.Storage/storageAccounts/" + s.Account + "/blobServices/default/containers/" + s.Container
}

// claimsOf gives the tenant and the principal that a token is for.
func claimsOf(ctx context.Context, credential azcore.TokenCredential, scope string) (seen, error) {
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return nil, err
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token.Token, ".")[1])
	if err != nil {
		return nil, err
	}
	var claims struct{ Tid, Oid string }
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	return seen{"tenant": claims.Tid, "principal": claims.Oid}, nil
}

// collect gives the items of all pages.
func collect[Page any, Item any](ctx context.Context, pager *runtime.Pager[Page], itemsOf func(Page) []Item) ([]Item, error) {
	all := []Item{}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return all, err
		}
		all = append(all, itemsOf(page)...)
	}
	return all, nil
}

// noteIn reads a blob's metadata, whose names come back with a capital letter: Go writes header names so.
func noteIn(metadata map[string]*string) string {
	for name, value := range metadata {
		if strings.EqualFold(name, "note") {
			return *value
		}
	}
	return ""
}

// bigContent is what every client uploads as folder/big: some 9 MiB.
func bigContent() []byte {
	pattern := make([]byte, 251)
	for index := range pattern {
		pattern[index] = byte(index)
	}
	return append(bytes.Repeat(pattern, 9*mib/251), "end"...)
}

// newName is a random GUID (RFC 9562, version 4).
func newName() string {
	bits := make([]byte, 16)
	_, _ = rand.Read(bits)
	bits[6], bits[8] = bits[6]&0x0f|0x40, bits[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", bits[:4], bits[4:6], bits[6:8], bits[8:10], bits[10:])
}
