-- The projection the API reads from (ADR 0004). All of it can be rebuilt from the topics; nothing here is a source of truth.
-- Ids and keys compare bytewise (COLLATE "C"): they are identifiers, and a locale's rules would only cost time.
-- Times named _at are epoch milliseconds, as the events carry them.

CREATE SCHEMA IF NOT EXISTS api;

-- First offset the sink still needs, per partition of the log it knows. Moved only in the transaction that writes the rows.
CREATE TABLE api.sink_offset (
  cluster_id text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster_id, topic, partition)
) WITH (fillfactor = 20);

-- Records that retention ate before the sink read them.
CREATE TABLE api.gaps (
  cluster_id text NOT NULL,
  topic text NOT NULL,
  partition integer NOT NULL,
  from_offset bigint NOT NULL,
  to_offset bigint NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (cluster_id, topic, partition, from_offset)
);

-- What was asked of one AI job. Written once in normal life, so that it can be copied in (see services/api/src/sink/sql/insert-rows.ts).
-- An end seen before its request leaves a row with requested_generation 0, which the request completes.
CREATE TABLE api.analyses (
  job_id text COLLATE "C" PRIMARY KEY,
  patient_key text COLLATE "C",
  model text COLLATE "C",
  asked_model_version text,
  priority text NOT NULL,
  order_id text COLLATE "C",
  requested_by text,
  requested_generation integer NOT NULL,
  requested_at bigint,
  input_observations text[] NOT NULL,
  -- Where lists place the job: requested_at, or the start or end of a job whose request is still to come.
  sort_at bigint NOT NULL,
  version integer NOT NULL
);
CREATE INDEX analyses_by_time ON api.analyses (sort_at);
CREATE INDEX analyses_by_patient ON api.analyses (patient_key, sort_at);
CREATE INDEX analyses_by_model ON api.analyses (model, sort_at);
CREATE INDEX analyses_by_order ON api.analyses (order_id) WHERE order_id IS NOT NULL;

-- What became of it: absent while the job waits for the first time. Written once when a job ends without having shown progress.
CREATE TABLE api.analysis_runs (
  job_id text COLLATE "C" PRIMARY KEY,
  status text NOT NULL,
  generation integer NOT NULL,
  attempt integer NOT NULL,
  stage text,
  percent integer NOT NULL,
  model_version text,
  model_digest text,
  label text,
  probability double precision,
  margin double precision,
  evidence_method text,
  evidence_input_set text,
  evidence_base_value double precision,
  evidence_values double precision[],
  reasons text[] NOT NULL,
  failure_code text,
  failure_input text,
  started_at bigint,
  ended_at bigint,
  sort_at bigint NOT NULL,
  version integer NOT NULL
);
-- Completed jobs are nearly all rows: lists find them by time. The others are few and this index stays small.
CREATE INDEX analysis_runs_not_completed ON api.analysis_runs (status, sort_at) WHERE status <> 'completed';

-- Jobs waiting and running per lane, counted by the second they were requested in. Moved by the same transaction as the rows, because
-- counting rows would need an index on the status, and every end of a job would then pay for it (ADR 0004).
CREATE TABLE api.queue_depth (
  lane text NOT NULL,
  partition integer NOT NULL,
  requested_second bigint NOT NULL,
  waiting integer NOT NULL,
  running integer NOT NULL,
  PRIMARY KEY (lane, partition, requested_second)
) WITH (fillfactor = 50);

CREATE TABLE api.orders (
  order_id text COLLATE "C" PRIMARY KEY,
  patient_key text COLLATE "C" NOT NULL,
  placer_number text NOT NULL,
  placer_authority text NOT NULL,
  filler_number text,
  kind text NOT NULL,
  priority text NOT NULL,
  code text NOT NULL,
  code_system text NOT NULL,
  code_display text,
  note text,
  content_digest text NOT NULL,
  requested_by text NOT NULL,
  requested_at bigint NOT NULL,
  analysis_job_id text COLLATE "C",
  status text NOT NULL,
  content_version bigint NOT NULL,
  placed boolean NOT NULL,
  cancel_requested_version bigint,
  cancelled_version bigint,
  conflicting boolean NOT NULL,
  version integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX orders_by_patient ON api.orders (patient_key, requested_at);

CREATE TABLE api.observations (
  observation_id text COLLATE "C" PRIMARY KEY,
  patient_key text COLLATE "C" NOT NULL,
  order_id text COLLATE "C",
  code text NOT NULL,
  code_system text NOT NULL,
  code_display text,
  sub_id text,
  value_numeric double precision,
  value_comparator text,
  value_text text,
  value_unit text,
  status text NOT NULL,
  abnormal_flag text,
  reference_range text,
  effective_at text,
  source_version bigint NOT NULL,
  -- Log time of the event shown: a corrected or withdrawn input younger than a request makes its analysis stale.
  changed_at bigint NOT NULL,
  version integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX observations_by_patient ON api.observations (patient_key, source_version);

CREATE TABLE api.patients (
  patient_key text COLLATE "C" PRIMARY KEY,
  family_name text,
  given_name text,
  birth_date text,
  sex text,
  demographics_version bigint NOT NULL,
  merged_into text COLLATE "C",
  merged_version bigint NOT NULL,
  version integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX patients_merged_into ON api.patients (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE api.messages (
  message_id text COLLATE "C" PRIMARY KEY,
  listener text NOT NULL,
  sending_application text NOT NULL,
  sending_facility text NOT NULL,
  control_id text NOT NULL,
  message_type text NOT NULL,
  patient_key text COLLATE "C",
  digest text NOT NULL,
  blob_ref text NOT NULL,
  byte_length integer NOT NULL,
  acknowledgement text NOT NULL,
  error_code text,
  received_at bigint NOT NULL,
  version integer NOT NULL
);
CREATE INDEX messages_by_control_id ON api.messages (control_id, received_at);
