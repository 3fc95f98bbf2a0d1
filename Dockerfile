# syntax=docker/dockerfile:1

FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin vigia \
    && strip --strip-debug -o /vigia target/release/vigia

# The release must be the builder's, for the C library's sake.
FROM debian:trixie-slim
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/vigia
COPY --from=build /vigia /usr/local/bin/vigia

ENV VIGIA_LISTEN=0.0.0.0:8080 \
    VIGIA_DATA_DIR=/var/lib/vigia \
    VIGIA_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8080

# bash speaks HTTP well enough for this, so that no client need be installed.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${VIGIA_LISTEN##*:} && printf 'GET /health/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]

ENTRYPOINT ["vigia"]
CMD ["serve"]
