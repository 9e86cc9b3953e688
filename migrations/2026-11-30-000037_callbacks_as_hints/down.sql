-- The addresses that were given out are not known any more: what comes to them is healed by polls and statements.
drop index callbacks_payment_idx;
drop index callbacks_received_idx;
delete from callbacks where body is null;
alter table callbacks
    drop column body_sealed,
    drop column size_bytes,
    alter column body set not null,
    add column token text not null default '',
    add constraint callbacks_body_size check (octet_length(body) <= 65536);
alter table callbacks alter column token drop default;

drop table callback_strays;
alter table payments add column callback_token text;
update payments set callback_token = id::text;
alter table payments
    alter column callback_token set not null,
    add constraint payments_callback_token_unique unique (callback_token);
drop table callback_tokens;
