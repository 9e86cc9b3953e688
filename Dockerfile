# One image with two programs: `amana` (API, worker, migrations) and `amana-sandbox` (the simulator).

FROM rust:1.95-bookworm AS build
WORKDIR /src
# Optional; `GET /v1/service` shows it.
ARG AMANA_COMMIT
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin amana --bin amana-sandbox \
    && install -D -t /out target/release/amana target/release/amana-sandbox

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin amana \
    && install -d -o amana -g amana /var/lib/amana
COPY --from=build /out/ /usr/local/bin/
USER amana
WORKDIR /var/lib/amana
CMD ["amana", "--help"]
