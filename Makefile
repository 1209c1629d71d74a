# The project's tasks by name; each is an npm script or one command. `make` alone lists them.
IMAGE ?= keyless-csi:dev

.DEFAULT_GOAL := help
.PHONY: help install check test demo cluster kubelet build generate image bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install packages, and Node 24 on Linux x64 and arm64
	npm ci

check: ## types, lint, format and the repository's rules
	npm run check

test: ## check, all tests and csi-sanity (builds csi-sanity once; needs Go)
	npm test

demo: ## make, use and delete a keyless volume on the emulator
	npm run demo

cluster: ## claims on a real control plane (builds it once, some minutes; needs Go)
	npm run cluster

kubelet: ## pods on a real kubelet, with real FUSE mounts (Linux, as root; needs Go and fuse3)
	npm run kubelet

build: ## both bundles, into dist/
	npm run build

generate: ## write the generated files anew
	npm run generate

image: ## the container image (IMAGE=keyless-csi:dev; needs docker)
	docker build --tag $(IMAGE) .

bench: ## start-up time and memory of the service bundle
	npm run bench

clean: ## remove what was built
	rm -rf dist
