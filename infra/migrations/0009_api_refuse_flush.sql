-- What a flush of the sink calls when the rows it built on have moved: so that COMMIT can be sent right behind its last statement.
-- 40001: the flush lost against another one and is done again.
CREATE FUNCTION api.refuse_flush() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'another flush was there first' USING ERRCODE = '40001';
END
$$;
