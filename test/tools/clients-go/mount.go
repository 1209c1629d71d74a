// What blobfuse2 2.5 asks of Azure when it mounts a container with a ServiceAccount's token and works in it, call by call
// (component/azstorage of Azure/azure-storage-fuse): by Blob on a flat account, by Blob and Data Lake on a hierarchical one.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sort"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azdatalake/directory"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azdatalake/file"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azdatalake/filesystem"
)

const (
	blockSize = 1 * mib
	// By this metadata blobfuse2 knows a directory on a flat account.
	folderMark = "hdi_isfolder"
)

func (s *session) mountSteps() map[string]func(context.Context) (seen, error) {
	return map[string]func(context.Context) (seen, error){
		"token":            s.mountToken,
		"is_hierarchical":  s.isHierarchical,
		"validate":         s.validate,
		"make_directory":   func(ctx context.Context) (seen, error) { return nil, s.makeDirectory(ctx, "folder") },
		"make_again":       func(ctx context.Context) (seen, error) { return nil, s.makeDirectory(ctx, "folder") },
		"create_file":      s.createFile,
		"write_file":       s.writeFile,
		"read_file":        s.readFile,
		"attributes":       s.attributes,
		"list_directory":   s.listDirectory,
		"rename_file":      s.renameFile,
		"rename_directory": s.renameDirectory,
		"list_root":        s.listRoot,
		"use_data_lake":    s.useDataLake,
		"delete_directory": s.deleteDirectory,
	}
}

// mountToken is what the mount begins with: instance discovery and the exchange of the token in the file.
func (s *session) mountToken(ctx context.Context) (seen, error) {
	return claimsOf(ctx, s.workload, "https://storage.azure.com/.default")
}

// isHierarchical asks as IsAccountADLS does: success is taken for a hierarchical account, and only the code
// InvalidQueryParameterValue for a flat one.
func (s *session) isHierarchical(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	_, err = client.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{
		Include:    container.ListBlobsInclude{Metadata: true, Permissions: true},
		MaxResults: to.Ptr(int32(2)),
	}).NextPage(ctx)
	return nil, err
}

// validate lists as TestPipeline does.
func (s *session) validate(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	if s.Hierarchical {
		paths, err := s.filesystem()
		if err != nil {
			return nil, err
		}
		options := &filesystem.ListPathsOptions{MaxResults: to.Ptr(int32(2)), Prefix: to.Ptr("")}
		if _, err := paths.NewListPathsPager(false, options).NextPage(ctx); err != nil {
			return nil, err
		}
	}
	options := &container.ListBlobsHierarchyOptions{MaxResults: to.Ptr(int32(2)), Prefix: to.Ptr("")}
	_, err = client.NewListBlobsHierarchyPager("/", options).NextPage(ctx)
	return nil, err
}

func (s *session) makeDirectory(ctx context.Context, name string) error {
	if !s.Hierarchical {
		return s.uploadEmpty(ctx, name, map[string]*string{folderMark: to.Ptr("true")})
	}
	paths, err := s.filesystem()
	if err != nil {
		return err
	}
	_, err = paths.NewDirectoryClient(name).Create(ctx, &directory.CreateOptions{
		AccessConditions: &directory.AccessConditions{
			ModifiedAccessConditions: &directory.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
		},
	})
	return err
}

func (s *session) uploadEmpty(ctx context.Context, name string, metadata map[string]*string) error {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return err
	}
	options := &blockblob.UploadBufferOptions{Metadata: metadata}
	_, err = client.NewBlockBlobClient(name).UploadBuffer(ctx, nil, options)
	return err
}

// createFile makes an empty blob and, on a hierarchical account, sets the permissions that the program asked for.
func (s *session) createFile(ctx context.Context) (seen, error) {
	if err := s.uploadEmpty(ctx, "folder/file", nil); err != nil || !s.Hierarchical {
		return nil, err
	}
	paths, err := s.filesystem()
	if err != nil {
		return nil, err
	}
	options := &file.SetAccessControlOptions{Permissions: to.Ptr("rwxrw-rw-")}
	_, err = paths.NewFileClient("folder/file").SetAccessControl(ctx, options)
	return nil, err
}

// writeFile stages blocks and commits them, as the block cache does.
func (s *session) writeFile(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	target := client.NewBlockBlobClient("folder/file")
	ids := []string{}
	for index := range 3 {
		id := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("block-%010d", index)))
		body := streaming.NopCloser(bytes.NewReader(bytes.Repeat([]byte{byte('a' + index)}, blockSize)))
		if _, err := target.StageBlock(ctx, id, body, nil); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	_, err = target.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("application/octet-stream")},
	})
	if err != nil {
		return nil, err
	}
	blocks, err := target.GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	return seen{"blocks": len(blocks.CommittedBlocks), "left": len(blocks.UncommittedBlocks)}, err
}

func (s *session) readFile(ctx context.Context) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	around := blob.HTTPRange{Offset: blockSize - 2, Count: 4}
	answer, err := client.NewBlobClient("folder/file").DownloadStream(ctx, &blob.DownloadStreamOptions{Range: around})
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	part, err := io.ReadAll(answer.Body)
	return seen{"part": string(part)}, err
}

// attributes asks for what a program sees of a file, a directory, and something that is not there.
func (s *session) attributes(ctx context.Context) (seen, error) {
	all := seen{}
	for _, name := range []string{"folder/file", "folder", "none"} {
		told, err := s.attributesOf(ctx, name)
		var refusal *azcore.ResponseError
		if errors.As(err, &refusal) {
			told = fmt.Sprintf("%d %s", refusal.StatusCode, refusal.ErrorCode)
		} else if err != nil {
			return nil, err
		}
		all[name] = told
	}
	return all, nil
}

func (s *session) attributesOf(ctx context.Context, name string) (string, error) {
	if s.Hierarchical {
		paths, err := s.filesystem()
		if err != nil {
			return "", err
		}
		found, err := paths.NewFileClient(name).GetProperties(ctx, nil)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s %d %s", *found.ResourceType, *found.ContentLength, *found.Permissions), nil
	}
	client, err := s.containerAs(s.workload)
	if err != nil {
		return "", err
	}
	found, err := client.NewBlockBlobClient(name).GetProperties(ctx, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d", kindIn(found.Metadata), *found.ContentLength), nil
}

func kindIn(metadata map[string]*string) string {
	for name, value := range metadata {
		if strings.EqualFold(name, folderMark) && *value == "true" {
			return "directory"
		}
	}
	return "file"
}

func (s *session) listDirectory(ctx context.Context) (seen, error) { return s.list(ctx, "folder/") }

func (s *session) listRoot(ctx context.Context) (seen, error) { return s.list(ctx, "") }

// list reads one level; of each prefix blobfuse2 asks whether there is a blob of that name, slash and all.
func (s *session) list(ctx context.Context, prefix string) (seen, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	blobs, prefixes := []string{}, []string{}
	pager := client.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{
		Include:    container.ListBlobsInclude{Metadata: true, Permissions: s.Hierarchical},
		MaxResults: to.Ptr(int32(1)),
		Prefix:     &prefix,
	})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Segment.BlobItems {
			blobs = append(blobs, strings.TrimSpace(*item.Name+" "+textOf(item.Properties.Permissions)))
		}
		for _, each := range page.Segment.BlobPrefixes {
			told := *each.Name
			if each.Properties != nil {
				told += " " + textOf(each.Properties.Permissions)
			}
			_, err := client.NewBlockBlobClient(*each.Name).GetProperties(ctx, nil)
			prefixes = append(prefixes, fmt.Sprintf("%s %t", told, err == nil))
		}
	}
	sort.Strings(blobs)
	return seen{"blobs": blobs, "prefixes": prefixes}, nil
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (s *session) renameFile(ctx context.Context) (seen, error) {
	if !s.Hierarchical {
		return nil, s.copyAndDelete(ctx, "folder/file", "folder/renamed")
	}
	paths, err := s.filesystem()
	if err != nil {
		return nil, err
	}
	// blobfuse2 escapes the name of the source, which the client writes into the header as it is.
	client := paths.NewFileClient(url.PathEscape("folder/file"))
	_, err = client.Rename(ctx, "folder/renamed", &file.RenameOptions{})
	return nil, err
}

func (s *session) renameDirectory(ctx context.Context) (seen, error) {
	if s.Hierarchical {
		paths, err := s.filesystem()
		if err != nil {
			return nil, err
		}
		client := paths.NewDirectoryClient(url.PathEscape("folder"))
		_, err = client.Rename(ctx, "moved", &directory.RenameOptions{})
		return nil, err
	}
	names, err := s.namesBelow(ctx, "folder/")
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, "folder") {
		if err := s.copyAndDelete(ctx, name, strings.Replace(name, "folder", "moved", 1)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *session) namesBelow(ctx context.Context, prefix string) ([]string, error) {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return nil, err
	}
	pager := client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
	items, err := collect(ctx, pager, func(page container.ListBlobsFlatResponse) []*container.BlobItem { return page.Segment.BlobItems })
	names := []string{}
	for _, item := range items {
		names = append(names, *item.Name)
	}
	return names, err
}

// copyAndDelete is how a file is renamed on a flat account.
func (s *session) copyAndDelete(ctx context.Context, from string, to string) error {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return err
	}
	source, target := client.NewBlockBlobClient(from), client.NewBlockBlobClient(to)
	copied, err := target.StartCopyFromURL(ctx, source.URL(), nil)
	if err != nil {
		return err
	}
	if *copied.CopyStatus != blob.CopyStatusTypeSuccess {
		return fmt.Errorf("the copy is %s", *copied.CopyStatus)
	}
	return s.deleteBlob(ctx, from)
}

func (s *session) deleteBlob(ctx context.Context, name string) error {
	client, err := s.containerAs(s.workload)
	if err != nil {
		return err
	}
	options := &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)}
	_, err = client.NewBlobClient(name).Delete(ctx, options)
	return err
}

// useDataLake writes and reads as the Data Lake SDK's own users do: blobfuse2 writes by Blob.
func (s *session) useDataLake(ctx context.Context) (seen, error) {
	paths, err := s.filesystem()
	if err != nil {
		return nil, err
	}
	client := paths.NewFileClient("moved/appended")
	if _, err := client.Create(ctx, nil); err != nil {
		return nil, err
	}
	for offset, text := range map[int64]string{0: "hello ", 6: "data lake"} {
		if _, err := client.AppendData(ctx, offset, streaming.NopCloser(strings.NewReader(text)), nil); err != nil {
			return nil, err
		}
	}
	if _, err := client.FlushData(ctx, 15, nil); err != nil {
		return nil, err
	}
	whole := make([]byte, 15)
	if _, err := client.DownloadBuffer(ctx, whole, nil); err != nil {
		return nil, err
	}
	access, err := client.GetAccessControl(ctx, nil)
	if err != nil {
		return nil, err
	}
	options := &filesystem.ListPathsOptions{MaxResults: to.Ptr(int32(2))}
	found, err := collect(ctx, paths.NewListPathsPager(true, options), func(page filesystem.ListPathsSegmentResponse) []*filesystem.Path {
		return page.Paths
	})
	names := []string{}
	for _, each := range found {
		names = append(names, *each.Name)
	}
	return seen{"content": string(whole), "mine": *access.Owner == s.Workload.PrincipalID, "acl": *access.ACL, "paths": names}, err
}

func (s *session) deleteDirectory(ctx context.Context) (seen, error) {
	if s.Hierarchical {
		paths, err := s.filesystem()
		if err != nil {
			return nil, err
		}
		_, err = paths.NewDirectoryClient("moved").Delete(ctx, nil)
		return nil, err
	}
	names, err := s.namesBelow(ctx, "moved/")
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, "moved") {
		if err := s.deleteBlob(ctx, name); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *session) filesystem() (*filesystem.Client, error) {
	return filesystem.NewClient("https://"+s.Account+".dfs.core.windows.net/"+s.Container, s.workload, nil)
}
