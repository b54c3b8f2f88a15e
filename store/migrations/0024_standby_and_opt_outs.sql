-- When somebody last stood in for a thread that nobody ran: of several who could, one does at a time. And an opt-out is told to all whom it silences.
set role ct_care;
alter table care.thread add column stood_in_at timestamptz;
grant update (stood_in_at) on care.thread to ct_worker;
reset role;

-- An opt-out is the number's: it ends what the engine begins there for whoever has it. Whoever opted it out is in the right, and their staff are told; those who have
-- it too, or got it since, are told by their follow-ups, whose next contact there would else be refused in silence.
set role ct_gate;
create function gate.tell_others(p_but uuid[], p_address uuid) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into care.inbox (workflow_id, event, at)
  select thread.workflow_id, '{"kind": "consent-changed", "optedOutBy": "another"}', clock_timestamp()
  from phi.address join phi.patient_address as link on link.address_id = address.address_id and link.suspended_at is null
  join care.enrolment on enrolment.patient_id = link.patient_id and enrolment.status <> 'ended'
  join care.thread on thread.workflow_id = 'follow-up/' || enrolment.enrolment_id and thread.closed_at is null
  where address.address_id = p_address and address.opted_out_at is null and link.patient_id <> all (p_but)
$$;

-- In the function as it stands, so that all else of it stays as it is.
do $$
declare
  v_before text := pg_get_functiondef('gate.opt_out(text, uuid, text)'::regprocedure);
  v_after text := replace(v_before, '
  update phi.address set epoch', '
  perform gate.tell_others(v_grant.patient_ids, p_address);
  update phi.address set epoch');
begin
  if v_after = v_before then
    raise exception 'gate.opt_out is not as 0005 wrote it';
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
