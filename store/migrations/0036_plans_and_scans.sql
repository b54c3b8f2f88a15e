-- Whose a plan is. Whoever is put into a plan comes into the care of the department that its newest version names, so a department that published over
-- another's plan had the other's next patients. The gate publishes, and in the name of whoever has the session; no login writes a plan.
set role ct_care;
revoke insert on care.plan from ct_worker, ct_api;
-- To publish, and to hold whoever else publishes off meanwhile: who reads plans, or puts patients into them, does not wait.
grant insert, maintain on care.plan to ct_gate;
reset role;

set role ct_gate;
-- Publishes a version by a person's right, and records it. Answers `published`, also where this very version is there already; `other-content`, where it is there with other
-- content; `other-department`, where the plan's newest version is another department's. An admin may hand a plan over like that, and the event says from whom to whom.
-- Who must not publish for this department is told as little as anybody without a session.
create function gate.publish_plan(p_token text, p_body jsonb, p_reads jsonb, p_source text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_plan text := p_body ->> 'id';
  v_version int := (p_body ->> 'version')::int;
  v_department text := p_body ->> 'department';
  v_there jsonb;
  v_before text;
  v_actor record;
begin
  -- On a snapshot of long ago the version that somebody has published meanwhile would not be seen.
  if current_setting('transaction_isolation') <> 'read committed' then
    perform gate.fail('CT001', 'no such grant');
  end if;
  select whoami.person_id, whoami.roles, whoami.departments into v_actor from gate.whoami(p_token) as whoami;
  if v_actor.person_id is null or not coalesce('admin' = any (v_actor.roles) or (v_actor.roles && array['coordinator', 'clinician'] and v_department = any (v_actor.departments)), false) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  if v_plan is null or v_version is null or v_version < 1 or not gate.is_code(v_plan) or not gate.is_code(v_department) then
    perform gate.fail('CT422', 'a plan has an id, a version and a department');
  end if;
  -- Two who publish the first versions of one plan at once have no row in common yet, so it is the table.
  lock table care.plan in share row exclusive mode;
  select plan.body into v_there from care.plan where plan.plan_id = v_plan and plan.version = v_version;
  if v_there is not null and v_there <> p_body then
    return 'other-content';
  end if;
  if v_there is null then
    select plan.body ->> 'department' into v_before from care.plan where plan.plan_id = v_plan order by plan.version desc limit 1;
    if v_before <> v_department and not 'admin' = any (v_actor.roles) then
      return 'other-department';
    end if;
    insert into care.plan (plan_id, version, body, reads, source, published_by) values (v_plan, v_version, p_body, p_reads, p_source, 'person/' || v_actor.person_id);
  end if;
  perform gate.record_administration(v_actor.person_id::text, 'publish-plan', 'allowed', null, 'plan/' || v_plan || '/' || v_version,
    case when v_before <> v_department then 'from=' || v_before || ',to=' || v_department end);
  return 'published';
end $$;
grant execute on function gate.publish_plan(text, jsonb, jsonb, text) to ct_api;
reset role;

-- What is asked within a webhook's time, at the end of each conversation and at each scrape, is found among what is open, or of one patient, not among all there ever was.
set role ct_care;
create index conversation_patient on care.conversation (patient_id);
-- Whoever goes on when the number is free, as `waitingForNumber` asks for it.
create index conversation_resuming on care.conversation (touchpoint_id) where closed_at is null and state ->> 'resumesWhenFree' = 'true';
-- For those that wait for a number, in the place of `attempt_waiting`, and for the count of all that are held.
create index attempt_held on care.attempt (address_id, reason) where status = 'held';
drop index care.attempt_waiting;
create index story_planless on care.story (patient_id, story_id) where enrolment_id is null;
reset role;
