-- A conversation goes on where its patient is written to. A nudge goes to the number that the patient has now, also where staff have replaced the one that the question went to; the
-- conversation stayed on that, and what the patient answered from the new number was nobody's answer, or, on a shared phone, that of whoever was in conversation there.

set role ct_gate;
-- In the function as it stands, so that all else of it stays as it is.
do $$
declare
  v_text text := pg_get_functiondef('gate.contact_begin(text, uuid, text, text, uuid, bigint, timestamp with time zone, int)'::regprocedure);
  v_change text[];
begin
  foreach v_change slice 1 in array array[
    ['  v_address record;
', '  v_address record;
  v_takes_number boolean;
'],
    ['  v_grant.address_id := v_address.address_id;
', '  v_grant.address_id := v_address.address_id;
  -- A first question and a call open their conversation on the number, and a nudge where it was not open on this one: it waits for whoever is, as they do.
  v_takes_number := v_subject.has_conversation and p_channel <> ''email''
    and (v_family in (''first'', ''call'') or (v_family = ''nudge'' and v_address.address_id is distinct from v_subject.conversation_address));
'],
    ['elsif v_subject.has_conversation and p_channel <> ''email'' and v_family in (''first'', ''call'') and exists (', 'elsif v_takes_number and exists ('],
    ['v_grant.verdict = ''allowed'' and v_subject.has_conversation and p_channel <> ''email'' and v_family in (''first'', ''call'') then', 'v_grant.verdict = ''allowed'' and v_takes_number then']
  ] loop
    if position(v_change[1] in v_text) = 0 then
      raise exception 'gate.contact_begin is not as the migrations before wrote it';
    end if;
    v_text := replace(v_text, v_change[1], v_change[2]);
  end loop;
  execute v_text;
end $$;
reset role;
