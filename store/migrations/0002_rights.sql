-- Who may touch what, among the owners. Nothing is anybody's by default: no function is executable, no type usable and
-- no table readable unless a line here or in 0008 says so.

do $$
declare v_owner text;
begin
  foreach v_owner in array array['ct_phi', 'ct_gate', 'ct_audit', 'ct_care', 'ct_auth_owner'] loop
    execute pg_catalog.format('alter default privileges for role %I revoke execute on functions from public', v_owner);
    execute pg_catalog.format('alter default privileges for role %I revoke usage on types from public', v_owner);
  end loop;
end $$;

grant usage on schema phi, care, auth, audit to ct_gate;

set role ct_phi;
grant select, insert, update on phi.contact_state, phi.address, phi.patient_address, phi.consent, phi.inbound to ct_gate;
grant delete on phi.patient_address to ct_gate;
grant select, insert on phi.value, phi.identifier to ct_gate;
reset role;

set role ct_audit;
-- INSERT only: the gate can write the ledger, and nothing in it can be read, changed or removed through the gate.
grant insert on audit.event, audit.pending to ct_gate;
grant usage on type audit.event to ct_gate, ct_sealer;
reset role;

set role ct_care;
grant select on care.plan, care.enrolment, care.touchpoint, care.conversation, care.escalation, care.call, care.inbox to ct_gate;
grant select, insert, update on care.attempt to ct_gate;
grant update (address_id) on care.conversation to ct_gate;
-- Only so that a row can be locked while its revision is compared.
grant update (revision) on care.enrolment, care.escalation to ct_gate;
reset role;

set role ct_auth_owner;
grant select (person_id, login, display_name, roles, departments, phone, active) on auth.person to ct_gate;
grant select on auth.session, auth.rota to ct_gate;
reset role;

set role ct_gate;
-- Which role may do what, for which purpose, with which fields ('patient.*' means every field of that family).
create table gate.permission (
  role text not null,
  action text not null,
  purpose text not null,
  reads text[] not null default '{}',
  writes text[] not null default '{}',
  patients text not null default 'required' check (patients in ('required', 'optional', 'none')),
  any_department boolean not null default false,
  routine boolean not null default true,        -- stops while the ledger is behind; rights and rescue do not
  primary key (role, action, purpose)
);
create table gate.setting (
  name text primary key,
  value int not null
);
-- Another department that a person of the patient's own care team brought in.
create table gate.referral (
  patient_id uuid not null,
  department text not null,
  referred_by text not null,
  referred_at timestamptz not null default clock_timestamp(),
  primary key (patient_id, department)
);

insert into gate.setting (name, value) values
  ('call-seconds', 14400),                      -- turns of a call are taken for so long after it was begun
  ('daily-contact-cap', 8),                     -- contacts that we begin, per patient and 24 h, over all plans
  ('grant-seconds', 30),
  ('ledger-behind-seconds', 300),               -- an unsealed event older than this stops routine access
  ('inbound-waiting-seconds', 15),              -- after this an unhandled message is taken up again
  ('reply-waiting-retry-seconds', 15),
  ('number-busy-retry-seconds', 30),
  ('ledger-behind-retry-seconds', 60);

insert into gate.permission (role, action, purpose, reads, writes, patients, routine)
select role, action, purpose, reads, writes, patients, routine
from (values
  ('show-patient',     '{coordinator,clinician}'::text[],         '{follow-up,treatment}'::text[],                '{patient.*,address.value,consent.evidence,contact.card}'::text[], '{}'::text[], 'required', true),
  ('list-worklist',    '{coordinator,clinician}',                 '{follow-up,treatment}',                '{patient.name,patient.mrn,address.value,contact.card}', '{}', 'required', true),
  ('find-patient',     '{coordinator,clinician,service}',         '{follow-up,treatment,administration}', '{}', '{}', 'none', true),
  ('reach-patient',    '{coordinator,clinician}',                 '{follow-up,treatment}',                '{patient.name,patient.birth-date,address.value,response.answers,conversation.progress,inbound.body,contact.card}', '{}', 'required', false),
  ('show-responses',   '{coordinator,clinician}',                 '{follow-up,treatment}',                '{patient.name,response.answers,conversation.progress,inbound.body,call.recording,call.transcript,contact.card}', '{}', 'required', true),
  ('record-response',  '{coordinator,clinician}',                 '{follow-up,treatment}',                '{patient.name,response.answers,conversation.progress}', '{response.answers,conversation.progress,patient.note}', 'required', true),
  ('read-inbox',       '{coordinator,clinician}',                 '{follow-up,treatment}',                '{patient.name,address.value,inbound.body,contact.card}', '{}', 'optional', false),
  ('register-patient', '{coordinator,service}',                   '{administration}',                     '{contact.card}', '{patient.*,address.value,consent.evidence}', 'required', true),
  ('change-patient',   '{coordinator,service}',                   '{administration}',                     '{patient.*,contact.card}', '{patient.*}', 'required', true),
  ('repair-contact',   '{coordinator,service}',                   '{administration,follow-up}',           '{patient.name,address.value,contact.card}', '{address.value}', 'required', true),
  ('change-status',    '{coordinator,clinician,service}',         '{administration,treatment}',           '{patient.name,contact.card}', '{}', 'required', false),
  ('change-consent',   '{coordinator,clinician,service}',         '{rights}',                             '{patient.name,consent.evidence,contact.card}', '{consent.evidence}', 'required', false),
  ('change-opt-out',   '{coordinator,clinician,service}',         '{rights}',                             '{patient.name,address.value,contact.card}', '{}', 'required', false),
  ('start-enrolment',  '{coordinator,clinician,service}',         '{follow-up,treatment,administration}', '{contact.card}', '{}', 'required', true)
) as allowed (action, roles, purposes, reads, writes, patients, routine)
cross join lateral unnest(allowed.roles) as role
cross join lateral unnest(allowed.purposes) as purpose;
-- Oversight sees who did what to whom, in every department, and no value.
insert into gate.permission (role, action, purpose, any_department, routine) values ('auditor', 'read-audit', 'oversight', true, false);
reset role;
