-- The answer to a text, kept until it was handed to the provider. It stood in the HTTP answer alone: where that came too late, or its process died after the commit, the
-- alert was open and the patient was never told, and the provider's next try was answered with nothing.
set role ct_phi;
alter table phi.inbound
  add column reply_sealed bytea,                -- as the text: under the inbound key of the address; gone once it was handed over
  add column reply_kind text check (reply_kind in ('advice', 'answer', 'staff')), -- emergency advice; another answer to a patient; one to staff. Null: there is none
  add column replied_at timestamptz;            -- handed to the provider, or given to staff as not handed over
create index inbound_unanswered on phi.inbound (handled_at) where reply_kind is not null and replied_at is null;
reset role;

set role ct_gate;
-- Longer than a webhook may take: until then the one that holds the message may yet hand its answer over.
insert into gate.setting (name, value) values ('reply-hold-seconds', 3);

drop function gate.inbound_done(uuid, text);
-- True for whoever marked it first: in the transaction that applies a message, false means that another has applied it.
create function gate.inbound_done(p_inbound uuid, p_disposition text, p_reply bytea default null, p_reply_kind text default null) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  if not gate.is_code(p_disposition) then
    perform gate.fail('CT422', 'a disposition is a code');
  end if;
  if (p_reply is null) <> (p_reply_kind is null) or p_reply_kind not in ('advice', 'answer', 'staff') then
    perform gate.fail('CT422', 'a reply is sealed, and of the kind advice, answer or staff');
  end if;
  update phi.inbound set handled_at = clock_timestamp(), disposition = p_disposition, reply_sealed = p_reply, reply_kind = p_reply_kind
  where inbound_id = p_inbound and handled_at is null;
  return found;
end $$;

-- What is to be done with a message that the provider tells again, or whose answer nobody has handed over: nothing ('done'), wait for whoever holds it ('busy'), hand its
-- answer over ('reply') or handle it ('handle'). Whoever is told one of the last two holds it from then on, and has its right anew.
create function gate.inbound_again(p_inbound uuid) returns table (state text, secret text)
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
    when greatest(v_inbound.stored_at, v_inbound.taken_at) >= clock_timestamp() - make_interval(secs => gate.setting_of('reply-hold-seconds')) then 'busy'
    when v_inbound.handled_at is not null then 'reply'
    else 'handle'
  end;
  if v_state in ('done', 'busy') then
    return query select v_state, null::text;
    return;
  end if;
  update phi.inbound set taken_at = clock_timestamp() where inbound_id = p_inbound;
  return query select v_state, gate.issue_inbound(v_inbound, null, 'told-again');
end $$;

create function gate.read_reply(p_secret text) returns bytea
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
declare v_grant gate.grant_ := gate.right_to(p_secret, array['inbound'], null);
begin
  return (select reply_sealed from phi.inbound where inbound_id = (v_grant.detail ->> 'inboundId')::uuid);
end $$;

-- True for whoever marked it first. The text is not needed any more.
create function gate.inbound_replied(p_inbound uuid) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  update phi.inbound set replied_at = clock_timestamp(), reply_sealed = null where inbound_id = p_inbound and reply_kind is not null and replied_at is null;
  return found;
end $$;

-- Messages whose answer nobody has handed over, once the provider tells them no more.
create function gate.inbound_unanswered(p_limit int) returns table (inbound_id uuid, reply_kind text)
language plpgsql security definer set search_path = pg_catalog, pg_temp set debug_print_parse = off set debug_print_rewritten = off set debug_print_plan = off
as $$
begin
  return query
    select inbound.inbound_id, inbound.reply_kind from phi.inbound
    where inbound.reply_kind is not null and inbound.replied_at is null
      and greatest(inbound.handled_at, inbound.taken_at) < clock_timestamp() - make_interval(secs => gate.setting_of('inbound-waiting-seconds'))
    order by inbound.handled_at, inbound.inbound_id limit least(greatest(p_limit, 0), 1000);
end $$;

-- Messages are the API's to handle: by the worker's login one could be read, and marked as handled so that a STOP was never obeyed.
revoke execute on function gate.inbound_reopen(uuid), gate.read_inbound(text, uuid) from ct_worker;
grant execute on function gate.inbound_done(uuid, text, bytea, text) to ct_api;
grant execute on function gate.inbound_again(uuid), gate.read_reply(text), gate.inbound_replied(uuid), gate.inbound_unanswered(int) to ct_api;
reset role;
