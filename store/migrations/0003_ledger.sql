-- The ledger's words in SQL: what exactly of an event is hashed. store/ledger/canonical.ts says the same in TypeScript,
-- and a test compares them. No backslash in any literal: a session may change what a backslash means.

set role ct_audit;

-- A length (4 bytes, big-endian; all ones for NULL) and the UTF-8 bytes, so that no two rows share their bytes.
create function audit.framed(p_value text) returns bytea
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select case when p_value is null then int4send(-1) else int4send(octet_length(convert_to(p_value, 'UTF8'))) || convert_to(p_value, 'UTF8') end
$$;

create function audit.canonical_event(p_event audit.event) returns bytea
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select audit.framed((p_event).event_id::text)
      || audit.framed(to_char((p_event).at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      || audit.framed((p_event).actor_kind)
      || audit.framed((p_event).actor_id)
      || audit.framed((p_event).action)
      || audit.framed((p_event).purpose)
      || audit.framed((p_event).verdict)
      || audit.framed((p_event).reason)
      || audit.framed(array_to_string(array(select patient_id::text from unnest((p_event).patient_ids) as patient_id order by patient_id), ','))
      || audit.framed((p_event).subject)
      || audit.framed(array_to_string((p_event).fields, ','))
      || audit.framed((p_event).detail)
$$;

-- RFC 9162 leaf, with a nonce so that a leaf that is published tells nothing about a row that can be guessed.
create function audit.leaf_hash(p_event audit.event) returns bytea
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select sha256(decode('00', 'hex') || (p_event).nonce || audit.canonical_event(p_event))
$$;

-- The gate may not read the ledger; it may ask these two questions of it.
create function audit.is_behind(p_seconds int) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from audit.pending where at < clock_timestamp() - make_interval(secs => p_seconds))
$$;

create function audit.events_about(p_patients uuid[]) returns setof audit.event
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select * from audit.event where patient_ids && p_patients order by at desc, event_id limit 1000
$$;
create index event_patients on audit.event using gin (patient_ids);

grant execute on function audit.framed(text), audit.canonical_event(audit.event), audit.leaf_hash(audit.event) to ct_gate, ct_sealer;
grant execute on function audit.is_behind(int), audit.events_about(uuid[]) to ct_gate;
reset role;
