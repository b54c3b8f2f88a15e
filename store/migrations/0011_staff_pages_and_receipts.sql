-- Staff are paged in their own language, the whole rota is told to whoever pages it, and a receipt that never came is asked for.

set role ct_auth_owner;
alter table auth.person add column language text not null default 'en';
grant select (language) on auth.person to ct_gate;
reset role;

set role ct_gate;
-- With those who are not on duty: the page skips them, and the story says so. They have no number here, so that nobody pages them.
drop function gate.rota(text);
create function gate.rota(p_role text) returns table (person_id uuid, display_name text, phone text, language text, active boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
  select person.person_id, person.display_name, case when person.active then person.phone end, person.language, person.active
  from auth.rota join auth.person on person.person_id = rota.person_id
  where rota.role = p_role order by rota.rank
$$;
grant execute on function gate.rota(text) to ct_worker, ct_api;

-- What a staff member reads and hears. Null for whoever is none, or no more.
create function gate.staff_language(p_person uuid) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$ select language from auth.person where person_id = p_person and active $$;
grant execute on function gate.staff_language(uuid) to ct_api;

-- An alert that nobody takes pages a whole ladder of rotas again and again, for weeks: its ten-thousandth page must not be refused for
-- its number. In the function as it stands, so that all else of it stays as it is.
do $$
declare
  v_before text := pg_get_functiondef('gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamptz, int)'::regprocedure);
  v_after text := replace(v_before, '-[0-9]{1,4})$', '-[0-9]{1,9})$');
begin
  if v_after = v_before then
    raise exception 'gate.contact_begin does not bound the number of a contact as 0006 wrote it';
  end if;
  execute v_after;
end $$;
reset role;

set role ct_care;
-- How often the provider was asked what became of a contact, and when it is asked next. Not in care.attempt, which only the gate writes.
create table care.receipt_question (
  attempt_id uuid primary key references care.attempt,
  asked int not null,
  next_at timestamptz not null                  -- database clock
);
create index attempt_unreceipted on care.attempt (first_claimed_at) where status = 'sent' and provider_rank < 6 and provider_sid is not null and channel <> 'email';
grant select, insert, update (asked, next_at) on care.receipt_question to ct_worker;
grant select on care.receipt_question to ct_api, ct_backup;
reset role;
