-- Alerts (ADR 0013): raised by sync's laboratory side, acknowledged through the API, escalated until somebody has. Times named _at are epoch
-- milliseconds. `alerts` and `alert_events` are backed up with the delivery ledger: without them an alert of the last days is told again
-- (under the same ids), and one that was acknowledged is known to be so only as far as the topic reaches back.

-- The last telling of every result that counted, as far as alerts need it.
CREATE TABLE sync.watched_observations (
  observation_id text COLLATE "C" PRIMARY KEY,
  source_version bigint NOT NULL,
  weight integer NOT NULL,
  -- sha-256 of the critical value and its flag: the same value told again raises nothing.
  occasion text,
  alert_id text COLLATE "C"
) WITH (fillfactor = 80);

CREATE TABLE sync.alerts (
  alert_id text COLLATE "C" PRIMARY KEY,
  patient_key text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  subject_kind text NOT NULL,
  subject_id text COLLATE "C" NOT NULL,
  -- Of a delivery: its target and subject.
  delivery text COLLATE "C",
  level integer NOT NULL,
  raised_at bigint NOT NULL,
  -- Null: acknowledged, no longer holds, or of a kind that waits in a list.
  escalate_at bigint,
  acknowledged_at bigint,
  superseded boolean NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX alerts_to_escalate ON sync.alerts (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX alerts_of_delivery ON sync.alerts (delivery) WHERE delivery IS NOT NULL AND NOT superseded AND acknowledged_at IS NULL;
CREATE INDEX alerts_open ON sync.alerts (raised_at) WHERE acknowledged_at IS NULL;

-- Alert events on their way to clinical.alerts.v1: written with what they tell, gone once Kafka has confirmed them.
CREATE TABLE sync.alert_events (
  event_id text COLLATE "C" PRIMARY KEY,
  event json NOT NULL,
  -- When it may be published (again): whoever takes it moves this on.
  due_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE INDEX alert_events_due ON sync.alert_events (due_at);
