-- What sync has read from the FHIR server. Owned by the poller, not rebuilt from topics: without it orders made there would be placed again
-- under the same ids (harmless) and their changes could not be told from their first version (not harmless). Backed up with the ledger.
-- Times named _at and last_updated are epoch milliseconds.

-- Up to where each kind of resource has been read, and which instance reads now.
CREATE TABLE sync.poll_cursors (
  server text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  -- By the server's own clock: the newest meta.lastUpdated of which all before it is done. Each look reaches back again by an overlap.
  read_until bigint NOT NULL,
  holder text,
  lease_until timestamptz,
  PRIMARY KEY (server, kind)
);

-- One row per resource of others that became an order, or could not. No content: ids, versions and codes only.
CREATE TABLE sync.polled_resources (
  server text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  id text COLLATE "C" NOT NULL,
  version text COLLATE "C" NOT NULL,
  last_updated bigint NOT NULL,
  -- publishing: written before the event leaves; published: confirmed; parked: unusable, a person must look (code says why).
  outcome text NOT NULL CHECK (outcome IN ('publishing', 'published', 'parked')),
  code text,
  -- Of the last version that became an event; null while none did.
  order_id text COLLATE "C",
  patient_key text COLLATE "C",
  told text,
  content_digest text,
  -- False while nobody knows whether that event has left; stays so through a later parking.
  confirmed boolean NOT NULL,
  polled_at bigint NOT NULL,
  PRIMARY KEY (server, kind, id)
) WITH (fillfactor = 80);
CREATE INDEX polled_resources_parked ON sync.polled_resources (server, last_updated) WHERE outcome = 'parked';
CREATE INDEX polled_resources_by_order ON sync.polled_resources (order_id) WHERE order_id IS NOT NULL;
