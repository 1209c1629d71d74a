# The service's image: one bundle with its code cache, and the Node program, on a base without shell, package manager or npm.
# Bases are named by the digest of their index of platforms, as public Dockerfiles of November 2026 have it: no registry could be asked where
# this was written. `docker buildx imagetools inspect NAME` shows the newest.
FROM node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci
COPY scripts scripts
COPY src src
# The Node that the image contains makes the code cache: npm would take that of node_modules.
RUN node scripts/bundle.ts service

FROM build AS build-emulator
RUN node scripts/bundle.ts emulator

# `make emulator-image`: Azure for demos in a cluster (docs/how-to/laptop.md). Nothing of it is in the service's image, which is the last.
FROM gcr.io/distroless/cc-debian13:nonroot@sha256:d97bc0a941b8d4be647dc0ee75b264ddbb772f1ac5ba690a4309c00723b23775 AS emulator
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build-emulator /build/dist/emulator/keyless-csi-emulator.mjs /build/dist/emulator/program.js \
     /build/dist/emulator/program.js.LEGAL.txt /app/
COPY --from=build /usr/local/LICENSE /usr/local/LICENSE
USER 65532:65532
ENTRYPOINT ["node", "/app/keyless-csi-emulator.mjs", "emulator"]

# The same Debian release as the build stage: Node needs its C++ library.
FROM gcr.io/distroless/cc-debian13:nonroot@sha256:d97bc0a941b8d4be647dc0ee75b264ddbb772f1ac5ba690a4309c00723b23775
# `make image` and the release fill these in.
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="keyless-csi" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.description="CSI controller for Azure Blob storage that no account key can open" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build/dist/service/keyless-csi.mjs /build/dist/service/program.js \
     /build/dist/service/program.js.LEGAL.txt /build/dist/service/program.js.v8-cache \
     /build/dist/service/LICENCES.txt /app/
COPY --from=build /usr/local/LICENSE /usr/local/LICENSE
# The base image's "nonroot" user, as a number so that Kubernetes can check runAsNonRoot.
USER 65532:65532
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
# Node itself is process 1, so it receives SIGTERM.
ENTRYPOINT ["node", "--max-semi-space-size=8", "--max-old-space-size=512", "/app/keyless-csi.mjs"]
CMD ["controller"]
