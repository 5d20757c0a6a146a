-- Ids of the clinical events (orders, observations, patients) that took effect: the same fact published again, perhaps under a newer message
-- time, must not pass for news and undo what came in between (ADR 0004). Written in the transaction that writes the rows.
-- A projection filled before this table existed does not know what it holds: drop it once (services/api/src/reset-projection.ts).
CREATE TABLE api.applied_events (
  event_id text COLLATE "C" PRIMARY KEY,
  -- Log time of the event, epoch milliseconds.
  applied_at bigint NOT NULL
);
-- Rows come nearly in the order of time, and only the sweep asks by it.
CREATE INDEX applied_events_by_time ON api.applied_events USING brin (applied_at);
