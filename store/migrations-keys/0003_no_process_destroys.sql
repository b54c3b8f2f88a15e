-- Up Migration
-- Both application logins could overwrite a wrapped key: one UPDATE destroyed what was sealed for every patient, for good, and no record was made of it.
-- No process changes a key. To destroy a patient's keys or to wrap them anew is for whoever administers this database.
revoke update on keys.data_key from ct_worker, ct_api;
-- A key is made whole: without `destroyed_at` nobody inserts the mark of an erasure, after which nothing can be sealed for that patient.
revoke insert on keys.data_key from ct_worker, ct_api;
grant insert (key_id, patient_id, retention_class, wrapped, master_key_id) on keys.data_key to ct_worker, ct_api;
