-- What the gate may ask of the ledger: how far the sealer is behind, which operators must hear of before routine access stops at
-- ledger-behind-seconds; and what happened about a patient, page by page, where everything but the newest thousand was out of an auditor's reach.

set role ct_audit;
-- The third question that the gate may ask of the ledger.
create function audit.lag(out pending int, out oldest_seconds double precision)
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$ select count(*)::int, coalesce(greatest(0, extract(epoch from clock_timestamp() - min(at))), 0)::float8 from audit.pending $$;
grant execute on function audit.lag() to ct_gate;

drop function audit.events_about(uuid[]);
-- The newest first, after the one that a page ended with; a thousand at most at a time.
create function audit.events_about(p_patients uuid[], p_before timestamptz, p_before_id uuid, p_limit int) returns setof audit.event
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
  select * from audit.event
  where patient_ids && p_patients and (p_before is null or at < p_before or (at = p_before and event_id > p_before_id))
  order by at desc, event_id limit greatest(0, least(p_limit, 1000))
$$;
grant execute on function audit.events_about(uuid[], timestamptz, uuid, int) to ct_gate;
reset role;

set role ct_gate;
-- Counts and seconds only: no event, and nobody whom one is about.
create function gate.ledger_lag(out pending int, out oldest_seconds double precision)
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$ select pending, oldest_seconds from audit.lag() $$;
grant execute on function gate.ledger_lag() to ct_worker;

drop function gate.events_of(text);
create function gate.events_of(p_secret text, p_before timestamptz, p_before_id uuid, p_limit int)
returns table (event_id uuid, at timestamptz, actor_kind text, actor_id text, action text, purpose text, verdict text, reason text, patient_ids uuid[], subject text, fields text[], detail text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['read-audit'], null);
begin
  return query
    select event.event_id, event.at, event.actor_kind, event.actor_id, event.action, event.purpose, event.verdict, event.reason,
      -- Whom else a list named is not asked here.
      array(select patient_id from unnest(event.patient_ids) as patient_id where patient_id = any (v_grant.patient_ids)),
      event.subject, event.fields, event.detail
    from audit.events_about(v_grant.patient_ids, p_before, p_before_id, p_limit) as event;
end $$;
grant execute on function gate.events_of(text, timestamptz, uuid, int) to ct_api;
reset role;
