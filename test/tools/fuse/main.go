// A FUSE client for Azure Blob storage, rclone with one remote backend: the node plugin of the tests mounts with it.
package main

import (
	_ "github.com/rclone/rclone/backend/azureblob"
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/lsf"
	_ "github.com/rclone/rclone/cmd/mount"
)

func main() {
	cmd.Main()
}
