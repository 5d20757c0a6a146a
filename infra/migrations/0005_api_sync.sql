-- What people said about results, where each subject stands in the targets of sync, and alerts, as the API reads them (ADR 0011, ADR 0012).
-- Rebuilt from the topics like the rest of the projection: nothing here is a source of truth.

-- Beside api.analysis_runs and not in it, because nearly every run is written once and copied in, and few are reviewed soon.
-- generation, attempt and decision are those of the review of the newest result; `reviews` holds all of them as JSON.
CREATE TABLE api.analysis_reviews (
  job_id text COLLATE "C" PRIMARY KEY,
  generation integer NOT NULL,
  attempt integer NOT NULL,
  decision text NOT NULL,
  reviews text NOT NULL,
  sort_at bigint NOT NULL,
  version integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX analysis_reviews_by_decision ON api.analysis_reviews (decision, sort_at);

CREATE TABLE api.deliveries (
  -- Of target, subject kind and subject id: where a subject stands in a target is found by its key.
  delivery_id text COLLATE "C" PRIMARY KEY,
  target text NOT NULL,
  subject_kind text NOT NULL,
  subject_id text COLLATE "C" NOT NULL,
  patient_key text COLLATE "C",
  outcome text NOT NULL,
  revision bigint NOT NULL,
  content_digest text,
  remote_id text,
  remote_version text,
  acknowledgement text,
  code text,
  attempts integer NOT NULL,
  subject_version bigint NOT NULL,
  changed_at bigint NOT NULL,
  at bigint NOT NULL,
  version integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX deliveries_by_time ON api.deliveries (at, delivery_id);
CREATE INDEX deliveries_by_patient ON api.deliveries (patient_key, at);
CREATE INDEX deliveries_not_delivered ON api.deliveries (outcome, at) WHERE outcome <> 'delivered';

CREATE TABLE api.alerts (
  alert_id text COLLATE "C" PRIMARY KEY,
  patient_key text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  subject_kind text NOT NULL,
  subject_id text COLLATE "C" NOT NULL,
  status text NOT NULL,
  level integer NOT NULL,
  raised_at bigint NOT NULL,
  acknowledged_by text,
  acknowledged_at bigint,
  version integer NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX alerts_by_time ON api.alerts (raised_at, alert_id);
CREATE INDEX alerts_open ON api.alerts (raised_at, alert_id) WHERE status = 'open';
CREATE INDEX alerts_by_patient ON api.alerts (patient_key, raised_at);

ALTER TABLE api.orders
  ADD COLUMN cancel_refused_version bigint,
  ADD COLUMN completed_version bigint,
  ADD COLUMN specimen_id text,
  ADD COLUMN specimen_code text,
  ADD COLUMN specimen_code_system text,
  ADD COLUMN specimen_code_display text,
  ADD COLUMN specimen_collected_at text,
  ADD COLUMN ordering_provider_id text,
  ADD COLUMN ordering_provider_authority text;

-- When the newest correction, cancellation or withdrawal was received. Kept when a later message tells the result as final once more, which makes
-- no analysis of the former value good again.
ALTER TABLE api.observations ADD COLUMN corrected_at bigint;
UPDATE api.observations SET corrected_at = changed_at WHERE status IN ('corrected', 'cancelled', 'entered_in_error');

-- When the merge shown was received: a result that was in flight then is held for review.
ALTER TABLE api.patients ADD COLUMN merged_at bigint;
