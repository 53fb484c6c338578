# The image of kms-reencrypt-proxy: compiled JavaScript, no shell, no root.
#
# Both bases are named by tag, because a digest that nobody checked pins nothing useful. Pin them where
# the image is published: docker build --build-arg BASE=…@sha256:… --build-arg BUILD=…@sha256:…
# Any BASE will do that has a Node.js of version 24 at /nodejs/bin/node, as the distroless ones have.
ARG BUILD=node:24-bookworm-slim
ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILD} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY toolchain/package.json toolchain/package.json
# Behind a company's registry: --secret id=npmrc,src=$HOME/.npmrc --secret id=ca,src=ca.pem
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca \
    NODE_EXTRA_CA_CERTS=/run/secrets/ca npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
# What the commands import is in them; the client for other people's programs is not for an image.
RUN npm run build && \
    rm -r dist/types dist/*.mjs && \
    find dist -name '*.map' -delete && \
    mkdir -p /state

FROM ${BASE}
LABEL org.opencontainers.image.title="kms-reencrypt-proxy" \
      org.opencontainers.image.description="A gRPC sidecar that puts a Rego policy in front of AWS KMS ReEncrypt." \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build /app/package.json ./
COPY LICENSE ./
COPY proto proto
COPY policies policies
COPY config config
COPY --from=build /app/dist dist
# Where audit entries go unless a volume is mounted over it.
COPY --from=build --chown=65532:65532 /state /var/lib/kms-reencrypt-proxy
USER 65532:65532
# As src/life/begin-small.ts says, so that serve need not begin once more to have it.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TOP_PAD_=0
ENTRYPOINT ["/nodejs/bin/node", "--no-memory-reducer", "--max-semi-space-size=4", "--disable-proto=delete", "dist/main.js"]
CMD ["serve", "--config", "/etc/kms-reencrypt-proxy/config.yaml"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["/nodejs/bin/node", "dist/main.js", "health"]
