-- Whose words a text is that reached us long after it was written: of whoever had the number then, and of nobody who got it since.
-- How far the clock of a process may be from the database's when it begins something with a patient. And that what may be out already is looked
-- up whatever became of its follow-up meanwhile. And that a contact whose number another conversation holds is told when that one ends.

set role ct_phi;
-- Null: since before this was kept.
alter table phi.patient_address add column linked_at timestamptz;
-- Of those that are there already, since when their number is written down as it stands: at an update the API is away, and a number may have changed
-- hands within the day that texts are fetched for.
update phi.patient_address as link set linked_at = (
  select min(value.recorded_at) from phi.value where value.patient_id = link.patient_id and value.field = 'address.value' and value.row_id = link.row_id);
alter table phi.patient_address alter column linked_at set default clock_timestamp();
reset role;

set role ct_care;
-- Whoever waits for a number, at the end of the conversation that holds it.
create index attempt_waiting on care.attempt (address_id) where status = 'held' and reason = 'number-busy';
reset role;

set role ct_gate;

-- In the functions as they stand, so that all else of them stays as it is.
do $$
declare
  v_before text := pg_get_functiondef('gate.set_address(text, uuid, text, bytea, uuid, int)'::regprocedure);
  v_after text := replace(v_before, 'do update set row_id = excluded.row_id,',
    'do update set linked_at = case when patient_address.suspended_at is null then patient_address.linked_at else clock_timestamp() end, row_id = excluded.row_id,');
begin
  if v_after = v_before then
    raise exception 'gate.set_address is not as 0005 wrote it';
  end if;
  execute v_after;
  -- As `inbound_store`, of a text that its webhook never brought: the provider tells, to the second and by a true clock, when it was written. Its
  -- right is that of the patients who had the number by then and have it still; without any it is for staff, like one of an unknown number.
  v_before := pg_get_functiondef('gate.inbound_store(uuid, text, text, text, bytea, uuid, bytea, timestamptz)'::regprocedure);
  v_after := replace(v_before, 'where link.address_id = v_address order by',
    'where link.address_id = v_address and (link.linked_at is null or link.linked_at < p_received + interval ''1 second'') order by');
  if v_after = v_before then
    raise exception 'gate.inbound_store is not as 0007 wrote it';
  end if;
  execute replace(v_after, 'FUNCTION gate.inbound_store(', 'FUNCTION gate.inbound_store_missed(');
end $$;

grant execute on function gate.inbound_store_missed(uuid, text, text, text, bytea, uuid, bytea, timestamptz) to ct_api;

-- Business time is a process's own word, and hours, caps and lateness hang on it. It is bound to the database's clock, by how much the migration's
-- environment sets; by 0, as for tests with a clock of their own, it is not.
insert into gate.setting (name, value) values ('clock-skew-seconds', 300);

create function gate.check_clock(p_business_now timestamptz) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  v_most int := gate.setting_of('clock-skew-seconds');
  v_apart bigint := extract(epoch from p_business_now - clock_timestamp());
begin
  if v_most > 0 and abs(v_apart) > v_most then
    perform gate.fail('CT503', 'the clock of this process is ' || v_apart || ' s ahead of the database''s: correct whichever is wrong');
  end if;
end $$;

do $$
declare
  v_before text := pg_get_functiondef('gate.judge_begin(uuid, timestamp with time zone)'::regprocedure);
  v_after text := replace(v_before, '
begin
', '
begin
  perform gate.check_clock(p_business_now);
');
begin
  if v_after = v_before then
    raise exception 'gate.judge_begin is not as 0013 wrote it';
  end if;
  execute v_after;
  v_before := pg_get_functiondef('gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamp with time zone, int)'::regprocedure);
  v_after := replace(v_before, '
  -- Locks first, in their one order', '
  -- A wrong clock keeps no page from staff, and no advice from whoever is in danger.
  if not v_is_page and v_family <> ''advice'' then
    perform gate.check_clock(p_business_now);
  end if;
  -- Locks first, in their one order');
  if v_after = v_before then
    raise exception 'gate.contact_begin is not as 0014 wrote it';
  end if;
  execute v_after;
end $$;

-- A worker may die between claim and POST, and the plan end, pause or move before the retry. That retry was `stale` and left for a person what a look-up
-- can tell; only what carried others' reminders was looked up. A look-up begins nothing: it finds the message, or that it never went out.
do $$
declare
  v_before text := pg_get_functiondef('gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamp with time zone, int)'::regprocedure);
  v_after text := replace(v_before, '
    -- What others'' reminders went with is awaited and looked up, whatever became of its own follow-up: nobody else can tell theirs.
    when v_subject.patient_id is null or not (v_subject.is_current or exists (select from care.attempt where merged_into = v_attempt.attempt_id and status in (''claimed'', ''unknown''))) then ''stale''', '
    -- What may be out is awaited and looked up, whatever became of its own follow-up: nobody else can tell of it, nor of what it carried.
    when v_subject.patient_id is null or not (v_subject.is_current or (v_exists and v_attempt.status in (''claimed'', ''unknown''))) then ''stale''');
begin
  if v_after = v_before then
    raise exception 'gate.contact_begin is not as 0014 wrote it';
  end if;
  execute v_after;
end $$;

-- The end of the conversation that holds the number is told. This is for a telling that came between: it was every 30 s, each with its event in the ledger.
-- Once more at the step's bound, so that it is not given up while there is time.
update gate.setting set value = 600 where name = 'number-busy-retry-seconds';
do $$
declare
  v_before text := pg_get_functiondef('gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamp with time zone, int)'::regprocedure);
  v_after text := replace(v_before, 'v_hold_until := p_business_now + make_interval(secs => gate.setting_of(''number-busy-retry-seconds''));',
    'v_hold_until := p_business_now + make_interval(secs => gate.setting_of(''number-busy-retry-seconds''));
      if v_subject.not_after > p_business_now then
        v_hold_until := least(v_hold_until, greatest(v_subject.not_after, p_business_now + interval ''30 seconds''));
      end if;');
begin
  if v_after = v_before then
    raise exception 'gate.contact_begin is not as 0014 wrote it';
  end if;
  execute v_after;
end $$;

reset role;
