-- One open alert per follow-up, rule and level: two plans of a patient may name a rule alike, and page different people about it. What is
-- said outside any plan has the nil UUID for one. An amber that is open never swallows a red.
set role ct_care;
create unique index escalation_open_of_plan on care.escalation (patient_id, (coalesce(enrolment_id, '00000000-0000-0000-0000-000000000000')), rule_id, level) where status <> 'closed';
drop index care.escalation_open;
reset role;
