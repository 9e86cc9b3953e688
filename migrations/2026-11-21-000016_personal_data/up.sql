-- What is known of a person and nobody else's to see is sealed under a key of that person. The keys lie here,
-- wrapped by a master key that does not. What has to be found again has a digest under a key of the same kind.

-- SQL cannot seal what is here already: the keys are not in the database. The service has had no people in
-- production yet, so there is nothing to carry over, and a database with people in it is refused.
do $$
begin
    if exists (select from users) then
        raise exception 'this migration cannot seal the addresses and numbers of people who are registered already'
            using hint = 'Begin with an empty database; for data of `make up`, run `make clean-data`.';
    end if;
end $$;

create table person_keys (
    user_id uuid constraint person_keys_pkey primary key
        constraint person_keys_user_fkey references users (id),
    -- The name of the master key, nonce, 32 bytes, tag.
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint person_keys_wrapped_length check (octet_length(wrapped) = 68)
);

-- One row: what the keys of all digests are derived from.
create table look_up_key (
    id smallint constraint look_up_key_pkey primary key,
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint look_up_key_one_row check (id = 1),
    constraint look_up_key_wrapped_length check (octet_length(wrapped) = 68)
);

alter table users
    drop column email,
    drop column phone,
    add column email_sealed bytea,
    add column email_digest bytea constraint users_email_unique unique,
    add column phone_sealed bytea,
    add column phone_digest bytea constraint users_phone_unique unique,
    add column erased_at timestamptz,
    add constraint users_digests_length check (octet_length(email_digest) = 32 and octet_length(phone_digest) = 32),
    -- Everybody has an address and a number, until they are erased and have nothing.
    add constraint users_erased_empty check (
        num_nonnulls(email_sealed, email_digest, phone_sealed, phone_digest) = case when erased_at is null then 4 else 0 end),
    add constraint users_erased_closed check (erased_at is null or (closed_at is not null and role = 'user'
        and name = 'Erased' and password_hash = '' and num_nonnulls(handle, email_verified_at, phone_verified_at) = 0));

-- Erasing is for ever, and the key goes first.
create function users_guard_erased() returns trigger language plpgsql as $$
begin
    if old.erased_at is not null and new.erased_at is distinct from old.erased_at then
        raise exception 'who is erased stays erased'
            using errcode = 'restrict_violation', constraint = 'users_erased_for_ever';
    end if;
    if exists (select from person_keys where user_id = new.id) then
        raise exception 'who is erased has no key any more'
            using errcode = 'restrict_violation', constraint = 'users_erased_without_key';
    end if;
    return new;
end $$;
create trigger users_erased before update on users
    for each row when (old.erased_at is not null or new.erased_at is not null) execute function users_guard_erased();

create function person_keys_guard() returns trigger language plpgsql as $$
begin
    if exists (select from users where id = new.user_id and erased_at is not null) then
        raise exception 'who is erased gets no key again'
            using errcode = 'restrict_violation', constraint = 'person_keys_of_the_living';
    end if;
    return new;
end $$;
create trigger person_keys_of_the_living before insert or update on person_keys
    for each row execute function person_keys_guard();

-- With the column goes the index over it.
alter table codes
    drop column target,
    add column target_sealed bytea not null,
    add column target_digest bytea not null,
    add constraint codes_target_digest_length check (octet_length(target_digest) = 32);
create index codes_sent_idx on codes (user_id, target_digest, created_at desc);

alter table notifications
    drop column address,
    add column address_sealed bytea;

-- The number stays sealed when its owner is erased, and nothing opens it; the digest goes.
alter table payments
    drop column msisdn,
    add column msisdn_sealed bytea not null,
    add column msisdn_digest bytea,
    add constraint payments_msisdn_digest_length check (octet_length(msisdn_digest) = 32);

-- M-Pesa puts digits of the number into the names of its transactions. Unique as before, by digest; evidence only
-- ever asks whether two names are the same.
alter table payments
    drop column provider_reference,
    add column provider_reference_sealed bytea,
    add column provider_reference_digest bytea,
    add constraint payments_provider_reference_unique unique (provider, provider_reference_digest),
    add constraint payments_provider_reference_length check (octet_length(provider_reference_digest) = 32);
alter table payment_evidence
    drop column reference,
    add column reference_digest text,
    add constraint payment_evidence_reference_length check (char_length(reference_digest) = 64);

-- Sealed under the key of the payer: every exchange is about a payment.
alter table exchanges
    alter column payment_id set not null,
    drop column request,
    drop column body,
    add column request_sealed bytea not null,
    add column body_sealed bytea not null;

-- All of a person's sessions, also those that are over: their devices are forgotten with the person.
create index sessions_of_user_idx on sessions (user_id);
