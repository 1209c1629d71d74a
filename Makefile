# The project's tasks; each is an npm script or a single command. `make` without a target lists them.
IMAGE ?= keyless-csi:dev

.DEFAULT_GOAL := help
.PHONY: help install check test demo cluster kubelet chart manifests build generate image bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

image: ## build the container image (IMAGE=keyless-csi:dev; needs docker)
	docker build --tag $(IMAGE) .

bench: ## measure what the service bundle costs, beside references in the same run (Linux)
	npm run bench

clean: ## remove dist/
	rm -rf dist
