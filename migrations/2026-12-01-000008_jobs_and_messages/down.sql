drop table counted_messages;
drop table notifications;
drop table idempotency_keys;
drop table jobs;
