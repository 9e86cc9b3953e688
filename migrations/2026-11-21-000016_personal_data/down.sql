do $$
begin
    if exists (select from users) then
        raise exception 'the addresses and numbers of people cannot be unsealed by SQL';
    end if;
end $$;

drop index sessions_of_user_idx;
alter table exchanges
    alter column payment_id drop not null,
    drop column request_sealed,
    drop column body_sealed,
    add column request jsonb not null,
    add column body text not null;
alter table payment_evidence
    drop column reference_digest,
    add column reference text;
alter table payments
    drop column provider_reference_sealed,
    drop column provider_reference_digest,
    add column provider_reference text,
    add constraint payments_provider_reference_unique unique (provider, provider_reference),
    drop column msisdn_sealed,
    drop column msisdn_digest,
    add column msisdn text not null,
    add constraint payments_msisdn_shape check (msisdn ~ '^[1-9][0-9]{9,14}$');
alter table notifications
    drop column address_sealed,
    add column address text;
alter table codes
    drop column target_sealed,
    drop column target_digest,
    add column target text not null,
    add constraint codes_target_length check (char_length(target) between 3 and 254);
create index codes_sent_idx on codes (user_id, target, created_at desc);
drop table person_keys, look_up_key;
drop trigger users_erased on users;
drop function users_guard_erased, person_keys_guard;
alter table users
    drop constraint users_erased_closed,
    drop constraint users_erased_empty,
    drop column email_sealed,
    drop column email_digest,
    drop column phone_sealed,
    drop column phone_digest,
    drop column erased_at,
    add column email text not null constraint users_email_unique unique,
    add column phone text not null constraint users_phone_unique unique,
    add constraint users_email_lower check (email = lower(email) and char_length(email) <= 254),
    add constraint users_phone_shape check (phone ~ '^[1-9][0-9]{9,14}$');
