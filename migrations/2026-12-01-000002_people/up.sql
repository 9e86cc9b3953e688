-- Users, the keys that seal their personal data, their handles and limits, and their verification codes.

-- Checks the names of users and organisations: composed (NFC), with a visible character, without controls, zero-width
-- characters and characters that change the direction of text. `domain::human` has the same rule for all text.
create function is_human_text(text) returns boolean language sql immutable parallel safe as $$
    select $1 is nfc normalized
        and $1 ~ '\S'
        and $1 !~ '[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]'
$$;

create table tiers (
    name text constraint tiers_pkey primary key,
    constraint tiers_name_shape check (name ~ '^[a-z][a-z_]{1,29}$')
);

-- A tier without a row for a currency cannot move this currency.
create table tier_limits (
    tier text not null constraint tier_limits_tier_fkey references tiers (name),
    currency text not null,
    transaction_minor_max bigint not null,
    day_minor_max bigint not null,
    balance_minor_max bigint not null,
    constraint tier_limits_pkey primary key (tier, currency),
    constraint tier_limits_currency_shape check (currency ~ '^[A-Z]{3}$'),
    constraint tier_limits_in_order check (
        0 < transaction_minor_max and transaction_minor_max <= day_minor_max and 0 < balance_minor_max)
);

insert into tiers (name) values ('starter'), ('standard'), ('business');
insert into tier_limits (tier, currency, transaction_minor_max, day_minor_max, balance_minor_max) values
    ('starter', 'KES', 7000000, 14000000, 30000000),
    ('standard', 'KES', 25000000, 50000000, 500000000),
    ('business', 'KES', 100000000, 1000000000, 10000000000);

create table users (
    id uuid constraint users_pkey primary key,
    name text not null,
    handle text constraint users_handle_unique unique,
    handle_changed_at timestamptz,
    -- Contacts are sealed under the user's key. Digests find them.
    email_sealed bytea,
    email_digest bytea,
    email_verified_at timestamptz,
    phone_sealed bytea,
    phone_digest bytea,
    phone_verified_at timestamptz,
    is_verified boolean not null
        generated always as (email_verified_at is not null or phone_verified_at is not null) stored,
    password_hash text not null,
    role text not null,
    -- A higher tier needs an approved application.
    tier text not null default 'starter' constraint users_tier_fkey references tiers (name),
    locale text not null,
    created_at timestamptz not null,
    -- A frozen user can log in and read, but no money leaves the account.
    frozen_at timestamptz,
    -- The operator's reason.
    frozen_note text,
    -- A closed account cannot log in, send or receive. Its ledger stays.
    closed_at timestamptz,
    erased_at timestamptz,
    constraint users_name_length check (char_length(name) between 1 and 120),
    constraint users_name_human check (is_human_text(name)),
    constraint users_handle_shape check (handle ~ '^[a-z][a-z0-9_]{2,29}$'),
    constraint users_handle_has_time check ((handle is null) = (handle_changed_at is null)),
    constraint users_email_whole check (
        (email_sealed is null) = (email_digest is null) and (email_verified_at is null or email_digest is not null)),
    constraint users_phone_whole check (
        (phone_sealed is null) = (phone_digest is null) and (phone_verified_at is null or phone_digest is not null)),
    constraint users_digests_length check (octet_length(email_digest) = 32 and octet_length(phone_digest) = 32),
    -- Verifying a contact removes it from other accounts that have it unverified. An account that loses its last
    -- contact is closed.
    constraint users_reachable check (closed_at is not null or num_nonnulls(email_digest, phone_digest) > 0),
    constraint users_role_known check (role in ('user', 'support', 'compliance', 'admin', 'super_admin')),
    constraint users_locale_known check (locale in ('en', 'sw')),
    constraint users_frozen_whole check ((frozen_at is null) = (frozen_note is null)),
    constraint users_frozen_note_length check (char_length(frozen_note) between 3 and 500),
    constraint users_erased_empty check (erased_at is null or num_nonnulls(email_digest, phone_digest) = 0),
    constraint users_erased_closed check (erased_at is null or (closed_at is not null and role = 'user'
        and name = 'Erased' and password_hash = '' and num_nonnulls(handle, email_verified_at, phone_verified_at) = 0))
);
-- Only verified contacts are unique.
create unique index users_email_unique on users (email_digest) where email_verified_at is not null;
create unique index users_phone_unique on users (phone_digest) where phone_verified_at is not null;
create index users_email_idx on users (email_digest);
create index users_phone_idx on users (phone_digest);
-- Users search by the beginning of a name or handle. Staff, closed accounts and unverified users are not found.
create index users_name_search_idx on users (lower(name) text_pattern_ops, id)
    where role = 'user' and closed_at is null and is_verified;
create index users_handle_search_idx on users (handle text_pattern_ops)
    where role = 'user' and closed_at is null and is_verified;

-- One key per user, wrapped by a master key that is not in the database. Personal data is sealed under these keys.
create table person_keys (
    user_id uuid constraint person_keys_pkey primary key
        constraint person_keys_user_fkey references users (id),
    -- The name of the master key, nonce, 32 bytes, tag.
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint person_keys_wrapped_length check (octet_length(wrapped) = 68)
);

-- One row. The keys of all digests are derived from it.
create table look_up_key (
    id smallint constraint look_up_key_pkey primary key,
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint look_up_key_one_row check (id = 1),
    constraint look_up_key_wrapped_length check (octet_length(wrapped) = 68)
);

-- Erasure is final, and the key is deleted first.
create function users_guard_erased() returns trigger language plpgsql as $$
begin
    if old.erased_at is not null and new.erased_at is distinct from old.erased_at then
        raise exception 'an erased user stays erased'
            using errcode = 'restrict_violation', constraint = 'users_erased_for_ever';
    end if;
    if exists (select from person_keys where user_id = new.id) then
        raise exception 'an erased user has no key'
            using errcode = 'restrict_violation', constraint = 'users_erased_without_key';
    end if;
    return new;
end $$;
create trigger users_erased before update on users
    for each row when (old.erased_at is not null or new.erased_at is not null) execute function users_guard_erased();

create function person_keys_guard() returns trigger language plpgsql as $$
begin
    if exists (select from users where id = new.user_id and erased_at is not null) then
        raise exception 'an erased user gets no new key'
            using errcode = 'restrict_violation', constraint = 'person_keys_of_the_living';
    end if;
    return new;
end $$;
create trigger person_keys_of_the_living before insert or update on person_keys
    for each row execute function person_keys_guard();

-- Refuses rows of users without a verified contact. The argument names the column of the user.
create function users_require_verified() returns trigger language plpgsql as $$
begin
    if not exists (select from users where id = (to_jsonb(new) ->> tg_argv[0])::uuid and is_verified) then
        raise exception 'this needs an account with a verified contact'
            using errcode = 'restrict_violation', constraint = 'users_verified';
    end if;
    return new;
end $$;

-- A handle belongs forever to its first user. Money sent to an old handle must not reach a stranger.
create table handles (
    handle text constraint handles_pkey primary key,
    user_id uuid not null constraint handles_user_fkey references users (id),
    taken_at timestamptz not null
);
create index handles_user_idx on handles (user_id);

create table codes (
    -- Random. The code is derived from this id with a key that is not in the database.
    id uuid constraint codes_pkey primary key,
    user_id uuid not null constraint codes_user_fkey references users (id),
    purpose text not null,
    -- The address or number that receives the code.
    target_sealed bytea not null,
    target_digest bytea not null,
    tries smallint not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- Set when the code is used, replaced or made pointless by another change.
    ended_at timestamptz,
    constraint codes_purpose_known check (purpose in (
        'verify_email', 'verify_phone', 'reset_password', 'leave_email', 'leave_phone', 'change_email', 'change_phone',
        'second_factor')),
    constraint codes_target_digest_length check (octet_length(target_digest) = 32),
    constraint codes_tries_range check (tries between 0 and 5),
    constraint codes_expire_later check (created_at < expires_at)
);
create unique index codes_open_unique on codes (user_id, purpose) where ended_at is null;
create index codes_sent_idx on codes (user_id, target_digest, created_at desc);
create index codes_created_at_idx on codes (created_at);

-- Records which user invited which. Staff cannot decide about their inviter or their invitees, so the row outlives
-- the invitation.
create table introductions (
    inviter_id uuid not null constraint introductions_inviter_fkey references users (id),
    invitee_id uuid not null constraint introductions_invitee_fkey references users (id),
    at timestamptz not null,
    constraint introductions_pkey primary key (inviter_id, invitee_id),
    constraint introductions_two_people check (inviter_id <> invitee_id)
);
create index introductions_invitee_idx on introductions (invitee_id);
