-- Whom an opt-out of a number counts for, since when and by whose word: what staff recorded is not lifted by a START that somebody else may have written, and what a
-- patient asked holds for them also where the number was opened for another while they did not have it.
set role ct_phi;
create table phi.opt_out (
  address_id uuid not null references phi.address,
  patient_id uuid not null references phi.contact_state,
  opted_out_at timestamptz not null,
  opted_out_by text not null,                   -- 'reply', 'unsubscribe', 'provider', 'staff'
  primary key (address_id, patient_id)
);
grant select, insert, update, delete on phi.opt_out to ct_gate;
grant select on phi.opt_out to ct_backup;
-- Of those before, only the first word was kept. Where staff wrote down what a patient of theirs said, it is taken for staff's: they are asked, rather than somebody messaged.
-- Nobody else's is: staff have always had to write it down.
insert into phi.opt_out (address_id, patient_id, opted_out_at, opted_out_by)
select address.address_id, state.patient_id, address.opted_out_at,
  case when exists (select from phi.value where value.patient_id = state.patient_id and value.field = 'opt-out.evidence' and value.row_id = address.address_id) then 'staff' else coalesce(nullif(address.opted_out_by, 'staff'), 'reply') end
from phi.address cross join unnest(address.opted_out_for) as for_patient join phi.contact_state as state on state.patient_id = for_patient
where address.opted_out_at is not null
on conflict do nothing;
alter table phi.address drop column opted_out_for;
reset role;

set role ct_gate;
-- Who has this number and may yet be messaged there. Whoever was found not to be there, or has died, keeps it shut for nobody else; what they asked holds for them.
create function gate.holders_of(p_address uuid) returns setof uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select patient_id from phi.patient_address as link join phi.contact_state using (patient_id)
  where link.address_id = p_address and link.suspended_at is null and contact_state.status not in ('deceased', 'erased')
$$;

create function gate.kept_shut(p_address uuid, p_but uuid[]) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$ select exists (select from phi.opt_out where address_id = p_address and patient_id <> all (p_but) and patient_id in (select gate.holders_of(p_address))) $$;

create or replace function gate.opt_out(p_secret text, p_address uuid, p_by text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-opt-out', 'inbound', 'unsubscribe', 'contact'], null);
begin
  if not gate.speaks_for(v_grant, p_address) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  -- Whose word it is follows from the right. A phone's counts for everybody who has the number, whom staff's right does not name; staff's is not lifted by START.
  if not coalesce(p_by = any (case v_grant.action when 'change-opt-out' then array['staff'] when 'inbound' then array['reply'] when 'contact' then array['provider'] else array['unsubscribe', 'provider'] end), false) then
    perform gate.fail('CT422', 'this right does not give that word: an opt-out comes by reply, unsubscribe, provider or staff');
  end if;
  perform gate.tell_others(v_grant.patient_ids, p_address);
  update phi.address set epoch = epoch + 1, opted_out_at = coalesce(opted_out_at, clock_timestamp()), opted_out_by = coalesce(opted_out_by, p_by) where address_id = p_address;
  -- A phone does not say which of those who have it wrote STOP: it counts for them all. A mail and staff speak for one. What staff recorded stays theirs to lift.
  -- Whose word it is has it also where the number is theirs no more.
  insert into phi.opt_out (address_id, patient_id, opted_out_at, opted_out_by)
  select p_address, state.patient_id, clock_timestamp(), p_by from phi.contact_state as state
  where state.patient_id = any (v_grant.patient_ids) or ((p_by in ('reply', 'provider') or v_grant.patient_ids = '{}')
    and state.patient_id in (select patient_id from phi.patient_address where address_id = p_address))
  on conflict (address_id, patient_id) do update set opted_out_by = excluded.opted_out_by where excluded.opted_out_by = 'staff';
end $$;

-- START lifts what counts for those who have the phone, but not what staff recorded, unless for the one who alone has it. Staff take back what counts for their own
-- patient. The number is open once it counts for nobody who has it; it tells whether it is, and of the asker's own patients for whom it was lifted, and whose word that had been.
drop function gate.opt_in(text, uuid);
create function gate.opt_in(p_secret text, p_address uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-opt-out', 'inbound'], null);
  v_kept boolean;
  v_lifted jsonb;
begin
  if not gate.speaks_for(v_grant, p_address) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  perform from phi.address where address_id = p_address for no key update;
  with gone as (
    delete from phi.opt_out where address_id = p_address and patient_id = any (v_grant.patient_ids)
      and (v_grant.action <> 'inbound' or opted_out_by <> 'staff' or not exists (
        select from phi.patient_address as link join phi.contact_state using (patient_id)
        where link.address_id = p_address and link.patient_id <> opt_out.patient_id and contact_state.status not in ('deceased', 'erased')))
    returning patient_id, opted_out_by)
  select coalesce(jsonb_agg(jsonb_build_object('patientId', patient_id, 'by', opted_out_by)), '[]') into v_lifted from gone;
  v_kept := gate.kept_shut(p_address, '{}');
  if not v_kept then
    update phi.address set epoch = epoch + 1, opted_out_at = null, opted_out_by = null where address_id = p_address;
  end if;
  return jsonb_build_object('isOpen', not v_kept, 'lifted', v_lifted);
end $$;
grant execute on function gate.opt_in(text, uuid) to ct_api;

-- Whether it is so already for the one whose link it is: a second one's word is news to their own staff.
create or replace function gate.unsubscribe_begin(p_address uuid, p_attempt uuid default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_;
begin
  v_grant.actor_kind := 'patient';
  v_grant.actor_id := 'address/' || p_address::text;
  v_grant.action := 'unsubscribe';
  v_grant.purpose := 'rights';
  v_grant.address_id := p_address;
  v_grant.patient_ids := array(select patient_id from care.attempt where attempt_id = p_attempt and address_id = p_address and patient_id is not null);
  v_grant.reason := case when not exists (select from phi.address where address_id = p_address) then 'no-address' end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' else 'refused' end;
  v_grant.fields := '{}';
  v_grant.writes := '{}';
  v_grant.detail := jsonb_build_object('optedOut', exists (select from phi.address where address_id = p_address and opted_out_at is not null)
    and not exists (select from unnest(v_grant.patient_ids) as of_patient where of_patient not in (select patient_id from phi.opt_out where address_id = p_address)));
  return gate.issue(v_grant, 'address/' || p_address::text, null);
end $$;

-- In the functions as they stand, so that all else of them stays as it is.
do $$
declare
  v_change text[];
  v_before text;
  v_after text;
begin
  foreach v_change slice 1 in array array[
    -- Whose word STOP or START may be: for whom of them it is opted out already.
    ['gate.issue_inbound(phi.inbound, text, text)', '''department'', state.department)',
      '''department'', state.department,
    ''optedOut'', exists (select from phi.opt_out where opt_out.address_id = p_inbound.address_id and opt_out.patient_id = state.patient_id))'],
    -- An opted-out number gets nothing that we begin, and who asked for it gets nothing there where it is open for others.
    ['gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamp with time zone, int)',
      'when exists (select from phi.address where address_id = v_grant.address_id and opted_out_at is not null) then ''opted-out''',
      'when exists (select from phi.address where address_id = v_grant.address_id and opted_out_at is not null)
      or exists (select from phi.opt_out where opt_out.address_id = v_grant.address_id and opt_out.patient_id = v_state.patient_id) then ''opted-out'''],
    -- A card tells of this patient's own opt-out, and of the number that it is shut; that somebody else keeps it so, and not who.
    ['gate.read_card(text)', '''optedOutAt'', gate.iso(address.opted_out_at), ''optedOutBy'', address.opted_out_by,',
      '''optedOutAt'', gate.iso(coalesce(own.opted_out_at, address.opted_out_at)), ''optedOutBy'', coalesce(own.opted_out_by, address.opted_out_by), ''optedOutForPatient'', own.patient_id is not null,'],
    ['gate.read_card(text)', 'gate.still_kept_by(link.address_id, array_remove(address.opted_out_for, link.patient_id))', 'gate.kept_shut(link.address_id, array[link.patient_id])'],
    ['gate.read_card(text)', 'join phi.address on address.address_id = link.address_id where',
      'join phi.address on address.address_id = link.address_id left join phi.opt_out as own on own.address_id = link.address_id and own.patient_id = link.patient_id where']
  ] loop
    v_before := pg_get_functiondef(v_change[1]::regprocedure);
    v_after := replace(v_before, v_change[2], v_change[3]);
    if v_after = v_before then
      raise exception '% is not as the migrations before wrote it', v_change[1];
    end if;
    execute v_after;
  end loop;
end $$;
drop function gate.still_kept_by(uuid, uuid[]);
reset role;
