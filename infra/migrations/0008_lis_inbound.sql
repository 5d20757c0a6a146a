-- What the laboratory tells beside results, as the API reads it. Rebuilt from the topics like the rest of the projection.

ALTER TABLE api.orders
  ADD COLUMN parent_order_id text COLLATE "C",
  ADD COLUMN specimen_rejected_version bigint,
  -- HL7 table 0490 codes, joined by a space.
  ADD COLUMN specimen_reject_reasons text;

ALTER TABLE api.alerts ADD COLUMN superseded boolean NOT NULL DEFAULT false;

-- Corrections and withdrawals by the order they name: an order's own observations go by its placer number until the laboratory gives its
-- own, so a correction may name what an analysis was asked with only through the order.
CREATE INDEX observations_corrected_by_order ON api.observations (order_id) WHERE corrected_at IS NOT NULL AND order_id IS NOT NULL;
