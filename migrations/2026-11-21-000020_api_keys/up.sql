-- API keys: machines call in a person's name, as far as the key reaches.

create table api_keys (
    id uuid constraint api_keys_pkey primary key,
    user_id uuid not null constraint api_keys_user_fkey references users (id),
    name text not null,
    mode text not null,
    scopes text[] not null,
    -- SHA-256 of the whole key. It has 256 random bits: nobody tries them all, so a slow hash would only slow us.
    digest bytea not null,
    -- The last characters of the key, for people to tell it by.
    last_four text not null,
    created_at timestamptz not null,
    -- When its newest secret was made.
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    -- The secret before the newest, as long as it is good too.
    previous_digest bytea,
    previous_until timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_name_length check (char_length(name) between 1 and 60),
    constraint api_keys_mode_known check (mode in ('test', 'live')),
    constraint api_keys_scopes_known check (scopes <@ array[
        'wallet:read', 'transfers:write', 'deals:read', 'deals:write', 'payments:read', 'payments:write',
        'holds:read', 'holds:write', 'people:read', 'operations:read']),
    constraint api_keys_scopes_some check (cardinality(scopes) between 1 and 10),
    constraint api_keys_digest_length check (octet_length(digest) = 32 and octet_length(previous_digest) = 32),
    constraint api_keys_last_four_length check (char_length(last_four) = 4),
    constraint api_keys_life_bounded check (expires_at > issued_at and expires_at <= issued_at + interval '365 days'),
    constraint api_keys_previous_whole check ((previous_digest is null) = (previous_until is null)),
    constraint api_keys_overlap_bounded check (previous_until <= issued_at + interval '7 days')
);
create index api_keys_user_idx on api_keys (user_id, id);
