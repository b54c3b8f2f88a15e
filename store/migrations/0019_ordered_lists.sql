-- What has become of an order, shown per follow-up: to whom it may be shown is decided for each of them when it is looked at, not by the
-- department of the plan. Patients come to other wards, and an order may have been an admin's.

set role ct_gate;
insert into gate.enrolled_permission (role, action, purpose, reads, any_department)
select role, 'show-migration', 'follow-up', '{}'::text[], role = 'admin' from unnest('{coordinator,clinician,admin}'::text[]) as role;

-- A page of an order's follow-ups: one authorisation, one event that names the patients of this page. Those who are not in the asker's
-- care are counted, and neither they nor their follow-ups are named.
create function gate.open_ordered(p_token text, p_purpose text, p_migration uuid, p_status text, p_after uuid, p_limit int) returns text
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
    with listed as materialized (
      select moved.enrolment_id, moved.patient_id,
        v_allowed.any_department or (enrolment.department = any (v_person.departments) and gate.in_care_team(moved.patient_id, v_person.departments)) as is_theirs
      from care.migration_enrolment as moved join care.enrolment using (enrolment_id)
      where moved.migration_id = p_migration and (p_status is null or moved.status = p_status)
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
grant execute on function gate.open_ordered(text, text, uuid, text, uuid, int) to ct_api;
reset role;
