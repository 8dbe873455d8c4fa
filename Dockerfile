# One image per binary, each nothing but that binary and the certificates of public authorities:
#
#   docker build --target sender   -t mqttrace/sender:dev   .
#   docker build --target receiver -t mqttrace/receiver:dev .
#   docker build --target mqttrace -t mqttrace/mqttrace:dev .
#
# The same sources, VERSION and Go version give the same binary: paths, version control and build id stay out of it.

ARG GO_VERSION=1.26.8

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS source
WORKDIR /src
COPY . .
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOOS=$TARGETOS GOARCH=$TARGETARCH \
    GOMODCACHE=/go/pkg/mod GOCACHE=/root/.cache/go-build \
    GOFLAGS="-mod=readonly -trimpath -buildvcs=false" \
    LDFLAGS="-s -w -buildid= -X main.version=$VERSION"

# No `go mod download` beforehand: it would fetch what only tests import. The caches keep what a build did fetch.
FROM source AS build-sender
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -ldflags "$LDFLAGS" -o /out/sender ./cmd/sender

FROM source AS build-receiver
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -ldflags "$LDFLAGS" -o /out/receiver ./cmd/receiver

FROM source AS build-mqttrace
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -ldflags "$LDFLAGS" -o /out/mqttrace ./cmd/mqttrace
# What the image has besides: the scenarios, and the folder that a run keeps its results in.
RUN mkdir -p /out/scenarios /out/results && cp scenarios/*.yaml scenarios/*.json /out/scenarios/

# The number is distroless's nonroot user too; a name would need an /etc/passwd.
FROM scratch AS runtime
COPY --from=source /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532

FROM runtime AS sender
COPY --from=build-sender /out/sender /sender
ENV HEALTH_ADDR=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/sender"]

FROM runtime AS receiver
COPY --from=build-receiver /out/receiver /receiver
ENV HEALTH_ADDR=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/receiver"]

# Last, so that a build that names no target is the harness. It needs a /tmp only for scenarios that start Mosquitto, which
# this image does not have.
FROM runtime AS mqttrace
COPY --from=build-mqttrace /out/mqttrace /mqttrace
COPY --from=build-mqttrace /out/scenarios /scenarios
COPY --from=build-mqttrace --chown=65532:65532 /out/results /results
VOLUME /results
ENTRYPOINT ["/mqttrace"]
CMD ["run", "scenarios/quickstart.yaml"]
