-- When contact hours begin, on a clock that changes. The first version knew the usual day only: an opening that the clocks
-- skip was late by up to the gap, one that comes twice was taken at its second coming, and where the clocks go back into the
-- hours it was the next evening. No contact went out of hours; some waited too long. Now the rule of nextContactInstant in domain/time.

set role ct_gate;

-- Null within contact hours; else when they next begin. `from` later than `to` means a window over midnight.
create or replace function gate.hours_begin(p_plan jsonb, p_zone text, p_now timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_from time := coalesce(p_plan -> 'contactHours' ->> 'from', '08:00');
  v_to time := coalesce(p_plan -> 'contactHours' ->> 'to', '21:00');
  v_local timestamp := p_now at time zone p_zone;
  -- Seconds from p_now on: an interval of days would count them by the clock of the session.
  v_base timestamptz := date_trunc('second', p_now);
  v_low int := 0;
  v_high int := 96 * 3600;
  v_middle int;
  v_at timestamptz := v_base + make_interval(secs => v_high);
  v_before interval := (v_base at time zone p_zone) - (v_base at time zone 'UTC');
  v_after interval := (v_at at time zone p_zone) - (v_at at time zone 'UTC');
  v_first timestamptz;
begin
  if (v_from <= v_to and v_local::time >= v_from and v_local::time < v_to) or (v_from > v_to and (v_local::time >= v_from or v_local::time < v_to)) then
    return null;
  end if;
  -- Where the clock changes in these days: that moment, by halving.
  while v_before <> v_after and v_high - v_low > 1 loop
    v_middle := (v_low + v_high) / 2;
    v_at := v_base + make_interval(secs => v_middle);
    if (v_at at time zone p_zone) - (v_at at time zone 'UTC') = v_before then
      v_low := v_middle;
    else
      v_high := v_middle;
    end if;
  end loop;
  -- Hours begin when the clock shows `from`, before or after the change, or at the change itself. Three days on, since a place can skip one.
  select min(candidate) into v_first
  from (
    select ((v_local::date + days + v_from) at time zone 'UTC') - utc_offset as candidate
    from generate_series(0, 3) as days, (values (v_before), (v_after)) as known (utc_offset)
    union all
    select v_base + make_interval(secs => v_high)
  ) as opening, lateral (select (candidate at time zone p_zone)::time as shown) as clock
  where candidate > p_now and ((v_from <= v_to and shown >= v_from and shown < v_to) or (v_from > v_to and (shown >= v_from or shown < v_to)));
  -- Hours without length, which no checked plan has, never begin: such a contact is held again and again, not sent.
  return coalesce(v_first, p_now + make_interval(hours => 24));
end $$;

reset role;
