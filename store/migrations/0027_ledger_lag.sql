-- How far the sealer is behind, in two numbers: what operators must hear of before routine access stops at ledger-behind-seconds.

set role ct_audit;
-- The third question that the gate may ask of the ledger.
create function audit.lag(out pending int, out oldest_seconds double precision)
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$ select count(*)::int, coalesce(greatest(0, extract(epoch from clock_timestamp() - min(at))), 0)::float8 from audit.pending $$;
grant execute on function audit.lag() to ct_gate;
reset role;

set role ct_gate;
-- Counts and seconds only: no event, and nobody whom one is about.
create function gate.ledger_lag(out pending int, out oldest_seconds double precision)
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$ select pending, oldest_seconds from audit.lag() $$;
grant execute on function gate.ledger_lag() to ct_worker;
reset role;
