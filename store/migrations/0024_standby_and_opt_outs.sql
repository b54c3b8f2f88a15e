-- When somebody last stood in for a thread that nobody ran: of several who could, one does at a time. And an opt-out is told to all whom it
-- silences, and taken back by those alone for whom it counts.
set role ct_care;
alter table care.thread add column stood_in_at timestamptz;
grant update (stood_in_at) on care.thread to ct_worker;
reset role;

-- An opt-out is the number's: it ends what the engine begins there for whoever has it. Whom it counts for is kept beside it: nobody else's staff take it back.
set role ct_phi;
alter table phi.address add column opted_out_for uuid[] not null default '{}';
-- Who it was is not known of those before: whoever has the number may have been it.
update phi.address set opted_out_for = array(select patient_id from phi.patient_address as link where link.address_id = address.address_id) where opted_out_at is not null;
reset role;

-- Whose opt-out it is hear of it from whoever records it; those who have the number too, or got it since, are told by their follow-ups, whose next contact there
-- would else be refused in silence.
set role ct_gate;
create function gate.tell_others(p_but uuid[], p_address uuid) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into care.inbox (workflow_id, event, at)
  select thread.workflow_id, jsonb_build_object('kind', 'consent-changed', 'optedOut', address.kind), clock_timestamp()
  from phi.address join phi.patient_address as link on link.address_id = address.address_id and link.suspended_at is null
  join care.enrolment on enrolment.patient_id = link.patient_id and enrolment.status <> 'ended'
  join care.thread on thread.workflow_id = 'follow-up/' || enrolment.enrolment_id and thread.closed_at is null
  where address.address_id = p_address and address.opted_out_at is null and link.patient_id <> all (p_but)
$$;

create or replace function gate.opt_out(p_secret text, p_address uuid, p_by text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-opt-out', 'inbound', 'unsubscribe', 'contact'], null);
begin
  if not gate.speaks_for(v_grant, p_address) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if p_by is null or p_by not in ('reply', 'unsubscribe', 'provider', 'staff') then
    perform gate.fail('CT422', 'an opt-out comes by reply, unsubscribe, provider or staff');
  end if;
  perform gate.tell_others(v_grant.patient_ids, p_address);
  -- A phone does not say which of those who have it wrote STOP: it counts for them all. A mail and staff speak for one.
  update phi.address set epoch = epoch + 1, opted_out_at = coalesce(opted_out_at, clock_timestamp()), opted_out_by = coalesce(opted_out_by, p_by),
    opted_out_for = array(
      select unnest(opted_out_for)
      union select link.patient_id from phi.patient_address as link
      where link.address_id = p_address and (p_by in ('reply', 'provider') or v_grant.patient_ids = '{}' or link.patient_id = any (v_grant.patient_ids)))
  where address_id = p_address;
end $$;

-- For whom else a number stays opted out: who has it still and may yet be messaged there.
create function gate.still_kept_by(p_address uuid, p_patients uuid[]) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from phi.patient_address as link join phi.contact_state using (patient_id)
    where link.address_id = p_address and link.patient_id = any (p_patients) and contact_state.status not in ('deceased', 'erased'))
$$;

-- START lifts it for the number. Staff take back what counts for their own patient: it is lifted once it counts for nobody else who still has the number.
create or replace function gate.opt_in(p_secret text, p_address uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['change-opt-out', 'inbound'], null);
  v_left uuid[] := '{}';
begin
  if not gate.speaks_for(v_grant, p_address) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if v_grant.action <> 'inbound' then
    perform from phi.address where address_id = p_address for no key update;
    v_left := array(select patient_id from phi.address cross join unnest(opted_out_for) as patient_id where address_id = p_address and patient_id <> all (v_grant.patient_ids));
  end if;
  if gate.still_kept_by(p_address, v_left) then
    update phi.address set opted_out_for = v_left where address_id = p_address;
  else
    update phi.address set epoch = epoch + 1, opted_out_at = null, opted_out_by = null, opted_out_for = '{}' where address_id = p_address;
  end if;
end $$;

-- By the link of a mail, or a provider's word of a message: by the attempt it is known whose it was.
drop function gate.unsubscribe_begin(uuid);
create function gate.unsubscribe_begin(p_address uuid, p_attempt uuid default null) returns text
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
  v_grant.detail := jsonb_build_object('optedOut', coalesce((select opted_out_at is not null from phi.address where address_id = p_address), false));
  return gate.issue(v_grant, 'address/' || p_address::text, null);
end $$;
grant execute on function gate.unsubscribe_begin(uuid, uuid) to ct_api;

-- In the function as it stands, so that all else of it stays as it is. It tells whether others keep the number opted out, and not who.
do $$
declare
  v_before text := pg_get_functiondef('gate.read_card(text)'::regprocedure);
  v_after text := replace(v_before, '''optedOutBy'', address.opted_out_by)', '''optedOutBy'', address.opted_out_by,
          ''optedOutByOthers'', address.opted_out_at is not null and gate.still_kept_by(link.address_id, array_remove(address.opted_out_for, link.patient_id)))');
begin
  if v_after = v_before then
    raise exception 'gate.read_card is not as 0004 wrote it';
  end if;
  execute v_after;
end $$;

-- Whether a paused conversation lets another begin on its number: twin of `givesWay` in domain/questionnaire/clocks.ts.
create function gate.gives_way(p_holder care.conversation, p_business_now timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select (p_holder).state ->> 'pausedAt' is not null and (p_holder).status in ('waiting', 'starting') and not coalesce((p_holder).state -> 'held' @> '[{"kind": "confirm"}]', false)
    and coalesce((p_holder).state ->> 'lastAnswerAt', (p_holder).state ->> 'askedAt', (p_holder).state ->> 'nextAt')::timestamptz
      + make_interval(secs => (((p_holder).rules ->> 'windowMs')::float8 + coalesce(((p_holder).state ->> 'lateMs')::float8, 0)) / 1000) <= p_business_now
$$;

do $$
declare
  v_before text := pg_get_functiondef('gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamp with time zone, int)'::regprocedure);
  v_after text := replace(v_before, '
      select from care.conversation where address_id = v_grant.address_id and closed_at is null and touchpoint_id <> p_subject) then', '
      select from care.conversation as holder where address_id = v_grant.address_id and closed_at is null and touchpoint_id <> p_subject and not gate.gives_way(holder, p_business_now)) then');
begin
  if v_after = v_before then
    raise exception 'gate.contact_begin is not as 0014 wrote it';
  end if;
  v_before := v_after;
  v_after := replace(v_before, '
      update care.conversation set address_id = v_grant.address_id where', '
      update care.conversation as holder set address_id = null where address_id = v_grant.address_id and closed_at is null and touchpoint_id <> p_subject and gate.gives_way(holder, p_business_now);
      update care.conversation set address_id = v_grant.address_id where');
  if v_after = v_before then
    raise exception 'gate.contact_begin is not as 0014 wrote it';
  end if;
  execute v_after;
end $$;
reset role;

-- In which zone a contact's day was counted when it was begun: what is found later is for an earlier date where the anchor has moved since, and not where the patient has.
set role ct_care;
alter table care.attempt add column zone text;
reset role;

set role ct_gate;
do $$
declare
  v_text text := pg_get_functiondef('gate.claim(care.attempt, gate.grant_, text, uuid, text, text, uuid, timestamp with time zone, boolean, int)'::regprocedure);
  v_change text[];
begin
  foreach v_change slice 1 in array array[
    ['    v_attempt.begun_at := p_business_now;', '    v_attempt.begun_at := p_business_now;
    v_attempt.zone := (select enrolment.zone from care.touchpoint join care.enrolment on enrolment.enrolment_id = touchpoint.enrolment_id where touchpoint_id = p_subject);'],
    ['begun_at, ended_at)', 'begun_at, ended_at, zone)'],
    ['v_attempt.begun_at, v_attempt.ended_at)', 'v_attempt.begun_at, v_attempt.ended_at, v_attempt.zone)'],
    ['begun_at = v_attempt.begun_at,', 'begun_at = v_attempt.begun_at, zone = v_attempt.zone,']
  ] loop
    if position(v_change[1] in v_text) = 0 then
      raise exception 'gate.claim is not as 0006 wrote it';
    end if;
    v_text := replace(v_text, v_change[1], v_change[2]);
  end loop;
  execute v_text;
end $$;
reset role;
