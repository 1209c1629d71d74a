# The project's tasks; each is an npm script or a single command. `make` without a target lists them.
IMAGE ?= keyless-csi:dev
EMULATOR_IMAGE ?= keyless-csi-emulator:dev
# The date of the commit, not of the build: the same commit gives the same labels.
LABELS = --build-arg VERSION=$(shell node -p "require('./package.json').version") \
	--build-arg REVISION=$(shell git rev-parse HEAD) \
	--build-arg SOURCE=$(or $(shell git config --get remote.origin.url | sed 's,//[^/@]*@,//,'),unknown) \
	--build-arg CREATED=$(shell git show --no-patch --format=%cI HEAD)

.DEFAULT_GOAL := help
.PHONY: help install check test demo cluster kubelet chart manifests build generate image emulator-image push-image bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install packages, and Node 24 on Linux x64 and arm64
	npm ci

check: ## check types, lint, format and the repository's rules
	npm run check

test: ## run check, all tests without a cluster and csi-sanity (built once; needs Go)
	npm test

demo: ## create, use and delete a keyless volume on the emulator
	npm run demo

cluster: ## test claims on a real control plane (built once, some minutes; needs Go)
	npm run cluster

kubelet: ## test pods on a real kubelet, with real FUSE mounts (Linux, as root; needs Go and fuse3)
	npm run kubelet

chart: ## check the Helm chart (needs Go and Python 3)
	npm run chart

manifests: ## render deploy/manifests from the chart (needs Go, for Helm)
	npm run manifests

build: ## build both bundles into dist/
	npm run build

generate: ## regenerate the generated files
	npm run generate

image: ## build the container image for this machine (IMAGE=keyless-csi:dev; needs docker)
	docker buildx build $(LABELS) --tag $(IMAGE) --load .

emulator-image: ## build the image of the emulator, for demos in a cluster (EMULATOR_IMAGE=keyless-csi-emulator:dev; needs docker)
	docker buildx build --target emulator --tag $(EMULATOR_IMAGE) --load .

push-image: ## build it for amd64 and arm64, and push it (IMAGE=<registry>/keyless-csi:0.2.0)
	docker buildx build $(LABELS) --platform linux/amd64,linux/arm64 --tag $(IMAGE) --push .

bench: ## measure what the service bundle costs, beside references in the same run (Linux)
	npm run bench

clean: ## remove dist/
	rm -rf dist
