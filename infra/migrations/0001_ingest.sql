-- What ingest owns in Postgres: who first used an idempotency key, and for what. Not a projection: it cannot be rebuilt from the
-- topics, so it is backed up (ADR 0003).
CREATE SCHEMA IF NOT EXISTS ingest;

CREATE TABLE ingest.reservation (
  -- '' where the key is global: a placer's order number belongs to the placer, whoever sends it.
  client          text   NOT NULL,
  operation       text   NOT NULL,
  key             text   NOT NULL,
  -- sha-256 of the canonical content.
  digest          bytea  NOT NULL CHECK (octet_length(digest) = 32),
  -- The deterministic id the key stands for.
  id              uuid   NOT NULL,
  -- Kept from the first request, so that a repeat publishes equal bytes.
  requested_at_ms bigint NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (client, operation, key)
);

-- Rows come in time order and are only ever looked up by time to be cleaned away: a block range index costs the insert next to nothing.
CREATE INDEX reservation_created_at ON ingest.reservation USING brin (created_at);
