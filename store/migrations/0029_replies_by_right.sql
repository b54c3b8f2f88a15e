-- Whom a text was taken for is kept with its answer, and goes no more by who is in conversation on the number when nobody has handed it over. Of a waiting message nothing is
-- taken away but by its own right, with something to show for it, and on record. What ended a patient's contacts since ends a mere answer too.
set role ct_phi;
alter table phi.inbound
  add column reply_for uuid[],                  -- whom the message was taken for: nobody where staff wrote it
  add column reply_touchpoint uuid,             -- the conversation that it was taken for
  add column reply_epochs bigint[];             -- theirs and the number's, as its handling began
-- Of those that wait it was not kept: it is whoever had the number when the message came.
update phi.inbound set reply_for = case reply_kind when 'staff' then '{}' else patient_ids end where reply_kind is not null and replied_at is null;
reset role;

set role ct_care;
grant select (inbound_id, patient_id, title) on care.task to ct_gate;
create index task_of_message on care.task (inbound_id) where inbound_id is not null;
reset role;

set role ct_gate;
insert into gate.setting (name, value) values
  ('reply-stale-seconds', 300),                 -- what is no advice is not handed over so long after it was handled: staff are told
  ('hold-limit-seconds', 600);                  -- so long after a message came nobody keeps it from others by holding it anew

-- Since when it is in somebody's hands.
create function gate.held_since(p_inbound phi.inbound) returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$ 
  select greatest((p_inbound).stored_at,
    case when (p_inbound).taken_at is not null then least((p_inbound).taken_at, (p_inbound).stored_at + make_interval(secs => gate.setting_of('hold-limit-seconds'))) end)
 $$;

create function gate.note_of(p_grant gate.grant_, p_action text, p_detail text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare v_event audit.event;
begin
  v_event.event_id := gen_random_uuid();
  v_event.at := clock_timestamp();
  v_event.actor_kind := p_grant.actor_kind;
  v_event.actor_id := p_grant.actor_id;
  v_event.action := p_action;
  v_event.purpose := p_grant.purpose;
  v_event.verdict := 'noted';
  v_event.patient_ids := p_grant.patient_ids;
  v_event.subject := 'inbound/' || (p_grant.detail ->> 'inboundId');
  v_event.fields := '{}';
  v_event.detail := p_detail;
  v_event.nonce := substr(gate.random_bytes(), 1, 16);
  perform gate.record(v_event);
end $$;

-- Whether what a message is said to have come to is there: the opt-out, the answer, or a task for staff that names it. Asking for help, START and a code of an alert leave none of these.
create function gate.has_come_to(p_grant gate.grant_, p_disposition text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_disposition = 'opt-out' then exists (select from phi.address where address_id = (p_grant).address_id and opted_out_at is not null)
    when p_disposition in ('opt-in', 'help', 'acknowledged', 'acknowledge-unknown') then true
    when p_disposition like 'answer-%' then exists (
      select from phi.value where patient_id = any ((p_grant).patient_ids) and field = 'conversation.progress' and recorded_by = gate.actor_of(p_grant) and recorded_at >= (p_grant).created_at)
    else exists (select from care.task where inbound_id = ((p_grant).detail ->> 'inboundId')::uuid) end
$$;

-- What contacts with these patients on this number depend on: another change of it is another number here.
create function gate.epochs_of(p_address uuid, p_patients uuid[]) returns bigint[]
language sql stable set search_path = pg_catalog, pg_temp
as $$ select array(select epoch from phi.contact_state where patient_id = any (p_patients) order by patient_id) || (select epoch from phi.address where address_id = p_address) $$;

-- They are noted before anything else of a message's right is looked up: what is decided while a message is being handled has its answer lapse, as what is decided later.
-- In the function as it stands, so that all else of it stays as it is.
do $$
declare
  v_change text[];
  v_before text;
  v_after text;
begin
  foreach v_change slice 1 in array array[
    ['v_grant.fields := array[''conversation.progress''', 'v_grant.detail := jsonb_build_object(''epochs'', (select jsonb_object_agg(patient_id, epoch) from phi.contact_state where patient_id = any (v_grant.patient_ids)),
    ''addressEpoch'', (select epoch from phi.address where address_id = p_inbound.address_id));
  v_grant.fields := array[''conversation.progress'''],
    ['v_grant.detail := jsonb_build_object(''inboundId''', 'v_grant.detail := v_grant.detail || jsonb_build_object(''inboundId''']
  ] loop
    v_before := pg_get_functiondef('gate.issue_inbound(phi.inbound, text, text)'::regprocedure);
    v_after := replace(v_before, v_change[1], v_change[2]);
    if v_after = v_before then
      raise exception 'gate.issue_inbound is not as the migrations before wrote it';
    end if;
    execute v_after;
  end loop;
end $$;

drop function gate.inbound_done(uuid, text, bytea, text);
-- True for whoever marked it first: in the transaction that applies a message, false means that another has applied it. An answer is kept with whom the message was taken for.
create function gate.inbound_done(p_secret text, p_disposition text, p_reply bytea default null, p_reply_kind text default null, p_for uuid[] default null, p_touchpoint uuid default null) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['inbound'], null);
begin
  if not coalesce(p_for <@ v_grant.patient_ids, true) or (p_touchpoint is not null
    and not coalesce(cardinality(p_for) = 1 and v_grant.detail -> 'conversations' @> jsonb_build_array(jsonb_build_object('touchpointId', p_touchpoint, 'patientId', p_for[1])), false)) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if not gate.is_code(p_disposition) then
    perform gate.fail('CT422', 'a disposition is a code');
  end if;
  if (p_reply is null) <> (p_reply_kind is null) or (p_reply is null) <> (p_for is null) or p_reply_kind not in ('advice', 'answer', 'staff')
    or (p_reply_kind = 'staff') <> (cardinality(p_for) = 0) or array_position(p_for, null) is not null then
    perform gate.fail('CT422', 'a reply is sealed, of the kind advice, answer or staff, and to patients unless it is to staff');
  end if;
  if not gate.has_come_to(v_grant, p_disposition) then
    perform gate.fail('CT422', 'a message is handled once there is what it has come to: an opt-out, an answer, or a task that names it');
  end if;
  update phi.inbound set handled_at = clock_timestamp(), disposition = p_disposition, reply_sealed = p_reply, reply_kind = p_reply_kind, reply_for = p_for, reply_touchpoint = p_touchpoint,
    -- A START changes the number itself.
    reply_epochs = case when p_for is null then null when p_disposition = 'opt-in' then gate.epochs_of(address_id, p_for)
      else array(select (v_grant.detail -> 'epochs' ->> patient_id::text)::bigint from unnest(p_for) as patient_id order by patient_id) || (v_grant.detail ->> 'addressEpoch')::bigint end
  where inbound_id = (v_grant.detail ->> 'inboundId')::uuid and handled_at is null;
  if found then
    perform gate.note_of(v_grant, 'inbound-done', p_disposition);
    return true;
  end if;
  return false;
end $$;

-- Whether a machine may still hand a kept answer over: it 'goes'; it has 'lapsed', and nobody is to hear of it; or it is 'for-staff' to tell. Whoever called for help is
-- told what to do whatever was decided since, and who wrote STOP that it is obeyed. Nothing else follows a STOP, a withdrawal or a death, or the end of the conversation.
create function gate.fate_of(p_inbound phi.inbound) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_late boolean := p_inbound.handled_at < clock_timestamp() - make_interval(secs => gate.setting_of('reply-stale-seconds'));
  v_there int := (select count(*) from phi.patient_address where address_id = p_inbound.address_id and suspended_at is null and patient_id = any (p_inbound.reply_for));
  v_is_shut boolean := (select opted_out_at is not null from phi.address where address_id = p_inbound.address_id);
begin
  if p_inbound.reply_kind = 'staff' then
    return case when v_is_late then 'lapsed' else 'goes' end;
  elsif p_inbound.reply_kind = 'advice' then
    return case when v_there > 0 then 'goes' else 'for-staff' end;
  elsif p_inbound.disposition = 'opt-out' then
    return case when not v_is_shut then 'lapsed' when v_is_late then 'for-staff' else 'goes' end;
  end if;
  return case
    when p_inbound.reply_epochs is distinct from gate.epochs_of(p_inbound.address_id, p_inbound.reply_for) and (v_is_shut
      or exists (select from phi.opt_out where address_id = p_inbound.address_id and patient_id = any (p_inbound.reply_for))
      or exists (select from phi.contact_state where patient_id = any (p_inbound.reply_for) and status <> 'active')
      or exists (
        select from phi.consent as gone
        where gone.patient_id = any (p_inbound.reply_for) and gone.channel = 'sms' and gone.withdrawn_at is not null
          and gone.purpose = coalesce((select purpose from care.touchpoint where touchpoint_id = p_inbound.reply_touchpoint), 'follow-up')
          and not exists (select from phi.consent as live where live.patient_id = gone.patient_id and live.purpose = gone.purpose and live.channel = gone.channel and live.withdrawn_at is null)))
    then 'lapsed'
    when p_inbound.disposition in ('answer-asked', 'answer-re-asked') and (exists (select from care.conversation where touchpoint_id = p_inbound.reply_touchpoint and closed_at is not null)
      or exists (select from care.inbox where workflow_id = 'questionnaire/' || p_inbound.reply_touchpoint::text and applied_at is null and event ->> 'kind' = 'cancelled'))
    then 'lapsed'
    when v_is_late or v_there < cardinality(p_inbound.reply_for) then 'for-staff'
    else 'goes' end;
end $$;

-- The right to one kept answer: to hand it over, or to give it to the staff of whom it is for. No value of theirs is read by it, and nothing written.
create function gate.issue_reply(p_inbound phi.inbound) returns text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare v_grant gate.grant_;
begin
  v_grant.actor_kind := 'patient';
  v_grant.actor_id := 'address/' || p_inbound.address_id::text;
  v_grant.action := 'inbound-reply';
  v_grant.purpose := 'treatment';
  v_grant.verdict := 'allowed';
  v_grant.address_id := p_inbound.address_id;
  v_grant.patient_ids := p_inbound.reply_for;
  v_grant.fields := '{}';
  v_grant.writes := '{}';
  v_grant.detail := jsonb_build_object('inboundId', p_inbound.inbound_id, 'fate', gate.fate_of(p_inbound), 'touchpointId', p_inbound.reply_touchpoint,
    'patients', (select coalesce(jsonb_agg(jsonb_build_object('patientId', patient_id, 'department', department) order by patient_id), '[]') from phi.contact_state where patient_id = any (p_inbound.reply_for)));
  return gate.issue(v_grant, 'inbound/' || p_inbound.inbound_id::text, p_inbound.reply_kind);
end $$;

create or replace function gate.inbound_again(p_inbound uuid) returns table (state text, secret text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_inbound phi.inbound;
  v_state text;
begin
  select * into v_inbound from phi.inbound where inbound_id = p_inbound for update;
  if not found then
    perform gate.fail('CT422', 'no such message');
  end if;
  v_state := case
    when v_inbound.replied_at is not null or (v_inbound.handled_at is not null and v_inbound.reply_kind is null) then 'done'
    when gate.held_since(v_inbound) >= clock_timestamp() - make_interval(secs => gate.setting_of('reply-hold-seconds')) then 'busy'
    when v_inbound.handled_at is not null then 'reply'
    else 'handle'
  end;
  if v_state in ('done', 'busy') then
    return query select v_state, null::text;
    return;
  end if;
  update phi.inbound set taken_at = clock_timestamp() where inbound_id = p_inbound;
  return query select v_state, case v_state when 'reply' then gate.issue_reply(v_inbound) else gate.issue_inbound(v_inbound, null, 'told-again') end;
end $$;

drop function gate.read_reply(text);
create function gate.read_reply(p_secret text) returns table (fate text, sealed bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['inbound', 'inbound-reply'], null);
  v_inbound phi.inbound;
  v_fate text;
begin
  -- A withdrawal in flight comes before or after, as at a contact's begin.
  perform from phi.contact_state where patient_id = any (v_grant.patient_ids) order by patient_id for share;
  perform from phi.address where address_id = v_grant.address_id for share;
  select * into v_inbound from phi.inbound where inbound_id = (v_grant.detail ->> 'inboundId')::uuid;
  if v_inbound.reply_kind is null or v_inbound.replied_at is not null then
    return query select 'none'::text, null::bytea;
    return;
  end if;
  v_fate := gate.fate_of(v_inbound);
  return query select v_fate, case v_fate when 'goes' then v_inbound.reply_sealed end;
end $$;

drop function gate.inbound_replied(uuid);
-- True for whoever marked it first. The text is not needed any more. Only that it was handed over is taken on trust; whoever says so is on record.
create function gate.inbound_replied(p_secret text, p_how text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_ := gate.right_to(p_secret, array['inbound', 'inbound-reply'], null);
  v_inbound phi.inbound;
  v_is_so boolean;
begin
  select * into v_inbound from phi.inbound where inbound_id = (v_grant.detail ->> 'inboundId')::uuid for update;
  if v_inbound.reply_kind is null or v_inbound.replied_at is not null then
    return false;
  end if;
  v_is_so := case p_how
    when 'handed-over' then true
    when 'given-to-staff' then v_inbound.reply_kind <> 'staff' and not exists (
      select from unnest(v_inbound.reply_for) as meant
      where not exists (select from care.task where inbound_id = v_inbound.inbound_id and patient_id = meant and title = case v_inbound.reply_kind when 'advice' then 'advice-not-sent' else 'answer-not-sent' end))
    when 'lapsed' then v_inbound.reply_kind = 'staff' or gate.fate_of(v_inbound) = 'lapsed'
  end;
  if not coalesce(v_is_so, false) then
    perform gate.fail('CT422', 'an answer was handed-over, or given-to-staff by a task for each patient whom it is for, or has lapsed');
  end if;
  update phi.inbound set replied_at = clock_timestamp(), reply_sealed = null where inbound_id = v_inbound.inbound_id;
  perform gate.note_of(v_grant, 'inbound-replied', p_how);
  return true;
end $$;

-- Messages whose answer nobody has handed over, once the provider tells them no more.
create or replace function gate.inbound_unanswered(p_limit int) returns table (inbound_id uuid, reply_kind text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  return query
    select inbound.inbound_id, inbound.reply_kind from phi.inbound
    where inbound.reply_kind is not null and inbound.replied_at is null
      and greatest(inbound.handled_at, gate.held_since(inbound)) < clock_timestamp() - make_interval(secs => gate.setting_of('inbound-waiting-seconds'))
    order by inbound.handled_at, inbound.inbound_id limit least(greatest(p_limit, 0), 1000);
end $$;

create or replace function gate.inbound_waiting(p_limit int) returns table (inbound_id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  return query
    select inbound.inbound_id from phi.inbound
    where inbound.handled_at is null and gate.held_since(inbound) < clock_timestamp() - make_interval(secs => gate.setting_of('inbound-waiting-seconds'))
    order by inbound.stored_at, inbound.inbound_id limit least(greatest(p_limit, 0), 1000);
end $$;

create or replace function gate.inbound_reopen(p_inbound uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_inbound phi.inbound;
  v_reason text;
begin
  select * into v_inbound from phi.inbound where inbound_id = p_inbound for update;
  if not found then
    perform gate.fail('CT422', 'no such message');
  end if;
  v_reason := case
    when v_inbound.handled_at is not null then 'handled'
    when gate.held_since(v_inbound) >= clock_timestamp() - make_interval(secs => gate.setting_of('inbound-waiting-seconds')) then 'busy'
  end;
  if v_reason is null then
    update phi.inbound set taken_at = clock_timestamp() where inbound_id = p_inbound;
  end if;
  return gate.issue_inbound(v_inbound, v_reason, 'reopened');
end $$;

grant execute on function gate.inbound_done(text, text, bytea, text, uuid[], uuid) to ct_api;
grant execute on function gate.read_reply(text), gate.inbound_replied(text, text) to ct_api;
reset role;
