-- What sync owns in Postgres (ADR 0011). Every row belongs to one target, and no two targets share a row.
-- `subjects`, `target_offset`, `gaps` and `applied_events` can be rebuilt from the topics. `deliveries` and `outbox` can not: they are the
-- ledger of what was told to the outside, and are backed up. Times named _at are epoch milliseconds, as the events carry them.
CREATE SCHEMA IF NOT EXISTS sync;

-- First offset a target still needs, per partition. While any stands below `replay_until` the target is told nothing: what is rebuilt passes
-- through older states, and none of them may be shown.
CREATE TABLE sync.target_offset (
  target text NOT NULL,
  cluster_id text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  replay_until bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (target, cluster_id, topic, partition)
) WITH (fillfactor = 20);

-- Records that retention ate before the target's intake read them.
CREATE TABLE sync.gaps (
  target text NOT NULL,
  cluster_id text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  from_offset bigint NOT NULL,
  to_offset bigint NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (target, cluster_id, topic, partition, from_offset)
);

-- The current state of all a target may have to be told, as the shared reducers give it.
CREATE TABLE sync.subjects (
  target text NOT NULL,
  kind text NOT NULL,
  id text COLLATE "C" NOT NULL,
  -- What deliveries are serialised by: the patient, or the job where it has none.
  patient_key text COLLATE "C" NOT NULL,
  -- json, not jsonb: it keeps the order of the members and every digit, which the reducers compare by.
  state json NOT NULL,
  -- Ids of the subjects it is rendered with.
  links text[] NOT NULL,
  -- Log time of the last change.
  changed_at bigint NOT NULL,
  row_version bigint NOT NULL,
  PRIMARY KEY (target, kind, id)
) WITH (fillfactor = 80);
CREATE INDEX subjects_by_link ON sync.subjects USING gin (links);

-- Ids of the clinical events that took effect, as api.applied_events (ADR 0004).
CREATE TABLE sync.applied_events (
  target text NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  applied_at bigint NOT NULL,
  PRIMARY KEY (target, event_id)
);
CREATE INDEX applied_events_by_time ON sync.applied_events USING brin (applied_at);

-- One row per patient with something to deliver, and who delivers it now. `epoch` grows with every claim: what a former holder still
-- writes names an older one and is refused.
CREATE TABLE sync.patients (
  target text NOT NULL,
  patient_key text COLLATE "C" NOT NULL,
  -- When its next work is due; null when none waits.
  due_at timestamptz,
  holder text,
  lease_until timestamptz,
  epoch bigint NOT NULL DEFAULT 0,
  -- Times in a row that the target went away while this patient was sent; only spaces its tries.
  setbacks integer NOT NULL DEFAULT 0,
  PRIMARY KEY (target, patient_key)
) WITH (fillfactor = 50);
CREATE INDEX patients_due ON sync.patients (target, due_at) WHERE due_at IS NOT NULL;

-- The ledger: what was told to a target of a subject, and whether something waits to be told. Two axes: how the delivery stands (waiting,
-- intent, outcome) and what the other side answered (acknowledgement, code).
CREATE TABLE sync.deliveries (
  target text NOT NULL,
  kind text NOT NULL,
  id text COLLATE "C" NOT NULL,
  patient_key text COLLATE "C" NOT NULL,
  waiting boolean NOT NULL,
  -- Grows with every reason to deliver: one that comes while a delivery is under way is not lost with its outcome.
  mark bigint NOT NULL,
  -- Order of first marks within a patient.
  seq bigint GENERATED ALWAYS AS IDENTITY,
  waiting_since bigint NOT NULL,
  not_before timestamptz,
  force boolean NOT NULL,
  -- Known only from what was in the log, and old, when the target was first told anything: held, unless it changes or a person asks.
  history boolean NOT NULL,
  -- When the last redelivery that was heeded was asked for: a replay of the request is no new request.
  forced_at bigint,
  -- Failed tries since the last change.
  attempts integer NOT NULL,
  -- Written before the first byte leaves, cleared by an outcome that says how it ended.
  intent_digest text,
  intent_memo json,
  intent_at bigint,
  outcome text,
  digest text,
  remote_id text,
  remote_version text,
  acknowledgement text,
  code text,
  -- What the other side said about it; may name the patient, so it goes nowhere else.
  detail json,
  memo json,
  -- Digest of what was rendered from when it was refused or put to review: the same again is not sent again, unless a person asks for it.
  refused text,
  outcome_at bigint,
  -- Grows by one with every outcome told on sync.deliveries.v1.
  revision bigint NOT NULL,
  PRIMARY KEY (target, kind, id)
) WITH (fillfactor = 60);
CREATE INDEX deliveries_waiting ON sync.deliveries (target, patient_key) WHERE waiting;
-- Few rows: what waits and what a person must look at, for counting.
CREATE INDEX deliveries_open ON sync.deliveries (target, waiting_since) WHERE waiting OR outcome = 'needs_review';

-- Outcomes to be told on sync.deliveries.v1, written with the outcome; the last one of each subject stays, to be told again by a replay.
CREATE TABLE sync.outbox (
  target text NOT NULL,
  kind text NOT NULL,
  id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  event json NOT NULL,
  published boolean NOT NULL,
  -- When a sweep may publish it, should whoever wrote it not have done so.
  due_at timestamptz NOT NULL,
  PRIMARY KEY (target, kind, id, revision)
) WITH (fillfactor = 50);
CREATE INDEX outbox_due ON sync.outbox (target, due_at) WHERE NOT published;
