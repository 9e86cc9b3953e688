drop table audit;
drop function audit_refuse_change();
drop table idempotency_keys;
drop table users;
