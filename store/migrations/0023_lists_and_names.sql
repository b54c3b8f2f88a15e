-- Lists of thousands ask once who is in the asker's care: asked row by row, the list of an order and that of a version took over a second with 10,000.

set role ct_gate;
-- Of these patients, those whom one of these departments treats, or to whom they were referred and who are in a follow-up of theirs. Each once.
create function gate.those_in_care(p_patients uuid[], p_departments text[]) returns setof uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select asked.patient_id from unnest(p_patients) as asked (patient_id) join phi.contact_state using (patient_id) where contact_state.department = any (p_departments)
  union
  select referral.patient_id from unnest(p_patients) as asked (patient_id)
  join gate.referral using (patient_id)
  join care.enrolment on enrolment.patient_id = referral.patient_id and enrolment.department = referral.department
  -- An application login can write an enrolment; it cannot write a referral.
  where referral.department = any (p_departments) and enrolment.status <> 'ended'
$$;

-- The same rule for one of them.
create or replace function gate.in_care_team(p_patient uuid, p_departments text[]) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from gate.those_in_care(array[p_patient], p_departments))
$$;

-- As in 0015, but for how it is asked who is in care.
create or replace function gate.open_enrolled(p_token text, p_purpose text, p_action text, p_plan text, p_version int, p_reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_;
  v_person record;
  v_allowed record;
  v_enrolments int := 0;
begin
  v_grant.actor_kind := 'person';
  v_grant.actor_id := 'unknown';
  v_grant.action := case when gate.is_code(p_action) then p_action else 'unknown' end;
  v_grant.purpose := case when gate.is_code(p_purpose) then p_purpose else 'unknown' end;
  v_grant.patient_ids := '{}';
  v_grant.fields := '{}';
  v_grant.writes := '{}';
  v_grant.verdict := 'refused';
  select session.token_hash, person.person_id, person.roles, person.departments into v_person
  from auth.session join auth.person on person.person_id = session.person_id
  where session.token_hash = sha256(convert_to(p_token, 'UTF8'))
    and session.expires_at > clock_timestamp() and session.revoked_at is null and person.active;
  if not found then
    v_grant.reason := 'bad-token';
    return gate.issue(v_grant, null, null);
  end if;
  v_grant.actor_id := v_person.person_id::text;
  v_grant.session_hash := v_person.token_hash;
  v_grant.departments := v_person.departments;
  select count(*) > 0 as any_role, coalesce(bool_or(any_department), false) as any_department,
    array(select distinct field from gate.enrolled_permission, unnest(reads) as field where role = any (v_person.roles) and action = p_action and purpose = p_purpose) as reads
  into v_allowed
  from gate.enrolled_permission where role = any (v_person.roles) and action = p_action and purpose = p_purpose;
  v_grant.any_department := v_allowed.any_department;
  if v_allowed.any_role then
    with asked as materialized (
      select patient_id, department = any (v_person.departments) as is_own
      from care.enrolment where plan_id = p_plan and plan_version = p_version and status <> 'ended'
    ), theirs as materialized (
      select patient_id from gate.those_in_care((select array_agg(asked.patient_id) from asked where is_own), v_person.departments) as patient_id
    )
    select count(*), coalesce(array_agg(distinct patient_id) filter (where v_allowed.any_department or (is_own and theirs.patient_id is not null)), '{}')
    into v_enrolments, v_grant.patient_ids
    from asked left join theirs using (patient_id);
  end if;
  v_grant.reason := case
    when not v_allowed.any_role then 'not-permitted'
    when not gate.is_code(p_plan) or p_version is null or (p_reason is not null and not gate.is_code(p_reason)) then 'malformed'
    when v_enrolments > 0 and cardinality(v_grant.patient_ids) = 0 then 'not-in-care-team'
    when cardinality(v_grant.patient_ids) > gate.setting_of('enrolled-list') then 'too-many'
    when audit.is_behind(gate.setting_of('ledger-behind-seconds')) then 'ledger-behind'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' when v_grant.reason = 'ledger-behind' then 'held' else 'refused' end;
  if v_grant.reason = 'too-many' then
    v_grant.patient_ids := '{}';
  end if;
  v_grant.fields := v_allowed.reads;
  -- `read` gives none of it: a list is read by read_enrolled, which knows whose enrolments it is about.
  v_grant.row_scope := jsonb_build_object('enrolment.facts', '[]'::jsonb);
  v_grant.detail := jsonb_build_object('planId', p_plan, 'version', p_version, 'enrolments', v_enrolments);
  return gate.issue(v_grant, case when gate.is_code(p_plan) and p_version is not null then 'plan/' || p_plan || '/' || p_version::text end, case when gate.is_code(p_reason) then p_reason end);
end $$;

-- As in 0019, but for the same.
create or replace function gate.open_ordered(p_token text, p_purpose text, p_migration uuid, p_status text, p_after uuid, p_limit int) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare
  v_grant gate.grant_;
  v_person record;
  v_allowed record;
  v_page record;
begin
  v_grant.actor_kind := 'person';
  v_grant.actor_id := 'unknown';
  v_grant.action := 'show-migration';
  v_grant.purpose := case when gate.is_code(p_purpose) then p_purpose else 'unknown' end;
  v_grant.patient_ids := '{}';
  v_grant.fields := '{}';
  v_grant.writes := '{}';
  v_grant.verdict := 'refused';
  select session.token_hash, person.person_id, person.roles, person.departments into v_person
  from auth.session join auth.person on person.person_id = session.person_id
  where session.token_hash = sha256(convert_to(p_token, 'UTF8'))
    and session.expires_at > clock_timestamp() and session.revoked_at is null and person.active;
  if not found then
    v_grant.reason := 'bad-token';
    return gate.issue(v_grant, null, null);
  end if;
  v_grant.actor_id := v_person.person_id::text;
  v_grant.session_hash := v_person.token_hash;
  v_grant.departments := v_person.departments;
  select count(*) > 0 as any_role, coalesce(bool_or(any_department), false) as any_department into v_allowed
  from gate.enrolled_permission where role = any (v_person.roles) and action = 'show-migration' and purpose = p_purpose;
  v_grant.any_department := v_allowed.any_department;
  v_grant.reason := case
    when not v_allowed.any_role then 'not-permitted'
    when p_migration is null or p_limit is null or p_limit not between 1 and 200 then 'malformed'
    when audit.is_behind(gate.setting_of('ledger-behind-seconds')) then 'ledger-behind'
  end;
  v_grant.verdict := case when v_grant.reason is null then 'allowed' when v_grant.reason = 'ledger-behind' then 'held' else 'refused' end;
  if v_grant.verdict = 'allowed' then
    with asked as materialized (
      select moved.enrolment_id, moved.patient_id, enrolment.department = any (v_person.departments) as is_own
      from care.migration_enrolment as moved join care.enrolment using (enrolment_id)
      where moved.migration_id = p_migration and (p_status is null or moved.status = p_status)
    ), theirs as materialized (
      select patient_id from gate.those_in_care((select array_agg(asked.patient_id) from asked where is_own), v_person.departments) as patient_id
    ), listed as materialized (
      select enrolment_id, patient_id, v_allowed.any_department or (is_own and theirs.patient_id is not null) as is_theirs from asked left join theirs using (patient_id)
    ), page as (
      -- One more, to know whether another page follows.
      select enrolment_id, patient_id, row_number() over (order by enrolment_id) as place from listed
      where is_theirs and (p_after is null or enrolment_id > p_after) order by enrolment_id limit p_limit + 1
    )
    select coalesce(array_agg(distinct patient_id) filter (where place <= p_limit), '{}') as patient_ids,
      coalesce(jsonb_agg(enrolment_id order by enrolment_id) filter (where place <= p_limit), '[]') as enrolment_ids,
      count(*) > p_limit as more, (select count(*) from listed where not is_theirs) as not_yours
    into v_page from page;
    v_grant.patient_ids := v_page.patient_ids;
    v_grant.detail := jsonb_build_object('migrationId', p_migration, 'enrolmentIds', v_page.enrolment_ids, 'more', v_page.more, 'notYours', v_page.not_yours);
  end if;
  return gate.issue(v_grant, 'migration/' || p_migration::text, null);
end $$;

-- Who did something, as colleagues call them: for whoever is signed in. Ids that are nobody's give nothing.
create function gate.staff_names(p_token text, p_people uuid[]) returns table (person_id uuid, display_name text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  return query select person.person_id, person.display_name from auth.person where person.person_id = any (p_people) and exists (select from gate.whoami(p_token));
end $$;
grant execute on function gate.staff_names(text, uuid[]) to ct_api;
reset role;

-- The people tool says which rota that plans page has lost its last person: it reads plans, and which versions patients are in, never who.
grant usage on schema care to ct_migrate;
grant select (plan_id, version, body) on care.plan to ct_migrate;
grant select (plan_id, plan_version, status) on care.enrolment to ct_migrate;
set role ct_gate;
grant execute on function gate.staffing() to ct_migrate;

-- A start is judged by how the patient stands at its commit: until then nobody changes that, and who was about to is awaited. Whoever changes it after
-- finds the follow-up that was started, and tells it.
create function gate.hold_card(p_secret text, p_patient uuid) returns table (status text, zone text, department text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare v_grant gate.grant_ := gate.right_to(p_secret, array['start-enrolment'], p_patient);
begin
  if p_patient is null or not 'contact.card' = any (v_grant.fields) then
    perform gate.fail('CT001', 'no such grant');
  end if;
  return query select state.status, state.zone, state.department from phi.contact_state as state where state.patient_id = p_patient for no key update;
end $$;
grant execute on function gate.hold_card(text, uuid) to ct_api;
reset role;
