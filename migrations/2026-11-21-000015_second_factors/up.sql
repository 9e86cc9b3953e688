-- The second factor of those who want one, its backup codes, and sessions in which somebody has proven it anew.

create table second_factors (
    user_id uuid constraint second_factors_pkey primary key
        constraint second_factors_user_fkey references users (id),
    -- AES-256-GCM: nonce, 20 bytes, tag. The key is not in the database.
    secret bytea not null,
    created_at timestamptz not null,
    -- Active since then; before, it was only shown.
    confirmed_at timestamptz,
    -- The time step of the last code that was taken: no code of it, or of an earlier one, is good again.
    last_step bigint,
    -- Wrong codes in a row; one is counted before it is known to be wrong.
    tries integer not null default 0,
    tries_began_at timestamptz,
    locked_until timestamptz,
    constraint second_factors_secret_length check (octet_length(secret) = 48),
    constraint second_factors_tries_bounded check (tries between 0 and 5),
    constraint second_factors_tries_whole check ((tries = 0) = (tries_began_at is null)),
    constraint second_factors_lock_earned check (locked_until is null or tries = 5),
    constraint second_factors_active_proven check (confirmed_at is null or last_step is not null)
);

create table backup_codes (
    user_id uuid not null constraint backup_codes_factor_fkey references second_factors (user_id) on delete cascade,
    -- HMAC-SHA-256 under a key that is not in the database.
    digest bytea not null,
    used_at timestamptz,
    constraint backup_codes_pkey primary key (user_id, digest),
    constraint backup_codes_digest_length check (octet_length(digest) = 32)
);

alter table sessions add column stepped_up_at timestamptz;
