-- Authentication: second factors, trusted devices, sessions, API keys and the keys that sign access tokens.

create table second_factors (
    user_id uuid constraint second_factors_pkey primary key
        constraint second_factors_user_fkey references users (id),
    -- The receiver of codes; null for an authenticator app.
    channel text,
    -- The secret of an authenticator app, AES-256-GCM: nonce, 20 bytes, tag. The key is not in the database.
    secret bytea,
    created_at timestamptz not null,
    -- The factor is active from this time on.
    confirmed_at timestamptz,
    -- The time step of the last accepted code. Codes of this step and of earlier ones are invalid.
    last_step bigint,
    -- Wrong codes in a row. A try is counted before its code is checked.
    tries integer not null default 0,
    tries_began_at timestamptz,
    locked_until timestamptz,
    constraint second_factors_channel_known check (channel in ('email', 'phone')),
    constraint second_factors_one_kind check (num_nonnulls(secret, channel) = 1),
    -- The contact is verified already, so nothing is left to confirm.
    constraint second_factors_message_active check (channel is null or confirmed_at is not null),
    constraint second_factors_secret_length check (octet_length(secret) = 48),
    constraint second_factors_active_proven check (
        confirmed_at is null or last_step is not null or channel is not null),
    constraint second_factors_tries_bounded check (tries between 0 and 5),
    constraint second_factors_tries_whole check ((tries = 0) = (tries_began_at is null)),
    constraint second_factors_lock_earned check (locked_until is null or tries = 5)
);
create trigger second_factors_of_verified before insert on second_factors
    for each row execute function users_require_verified('user_id');

create table backup_codes (
    user_id uuid not null constraint backup_codes_factor_fkey references second_factors (user_id) on delete cascade,
    -- HMAC-SHA-256 under a key that is not in the database.
    digest bytea not null,
    used_at timestamptz,
    constraint backup_codes_pkey primary key (user_id, digest),
    constraint backup_codes_digest_length check (octet_length(digest) = 32)
);

-- Devices on which a log-in needs no second factor.
create table trusted_devices (
    id uuid constraint trusted_devices_pkey primary key,
    user_id uuid not null constraint trusted_devices_user_fkey references users (id),
    -- SHA-256 of the random id in the device's token.
    digest bytea not null constraint trusted_devices_digest_unique unique,
    device_name text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint trusted_devices_digest_length check (octet_length(digest) = 32),
    constraint trusted_devices_name_length check (char_length(device_name) between 1 and 120),
    constraint trusted_devices_expire_later check (expires_at > created_at)
);
create index trusted_devices_user_idx on trusted_devices (user_id, created_at) where ended_at is null;
create index trusted_devices_expires_at_idx on trusted_devices (expires_at);

create table sessions (
    id uuid constraint sessions_pkey primary key,
    user_id uuid not null constraint sessions_user_fkey references users (id),
    -- Counts the refresh tokens; only the newest one is valid.
    rotation integer not null default 0,
    rotated_at timestamptz not null,
    -- The device as the app describes it, e.g. `Chrome on Android`.
    device_name text not null,
    device_kind text not null,
    trusted_device_id uuid
        constraint sessions_trusted_device_fkey references trusted_devices (id) on delete set null,
    address text not null,
    -- The approximate location at log-in, if the service knows it.
    place text,
    -- The time of the last step-up authentication.
    stepped_up_at timestamptz,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    constraint sessions_rotation_not_negative check (rotation >= 0),
    constraint sessions_device_name_length check (char_length(device_name) between 1 and 120),
    constraint sessions_device_kind_known check (device_kind in ('phone', 'tablet', 'computer', 'program', 'unknown')),
    constraint sessions_place_length check (char_length(place) between 1 and 120),
    constraint sessions_end_reason_known check (end_reason in (
        'signed_out', 'revoked', 'evicted', 'reused', 'password_changed', 'role_changed', 'factor_removed')),
    constraint sessions_end_whole check ((ended_at is null) = (end_reason is null)),
    constraint sessions_expires_later check (expires_at > created_at)
);
create index sessions_user_idx on sessions (user_id, rotated_at) where ended_at is null;
-- Erasing a user clears the device names of all sessions, also of those that have ended.
create index sessions_of_user_idx on sessions (user_id);
create index sessions_trusted_device_idx on sessions (trusted_device_id) where trusted_device_id is not null;
create index sessions_expires_at_idx on sessions (expires_at);
create index sessions_ended_at_idx on sessions (ended_at) where ended_at is not null;

-- Tickets that open a WebSocket. A browser can put a token only into the address, which is logged. So a ticket is
-- valid once, and for half a minute.
create table socket_tickets (
    -- SHA-256, so that the table contains no usable ticket.
    digest bytea constraint socket_tickets_pkey primary key,
    session_id uuid not null
        constraint socket_tickets_session_fkey references sessions (id) on delete cascade,
    expires_at timestamptz not null,
    constraint socket_tickets_digest_length check (octet_length(digest) = 32)
);
create index socket_tickets_session_idx on socket_tickets (session_id);

create table api_keys (
    id uuid constraint api_keys_pkey primary key,
    user_id uuid not null constraint api_keys_user_fkey references users (id),
    -- A key of an organisation is visible to its admins, and is revoked with its creator's membership.
    organisation_id uuid constraint api_keys_organisation_fkey references organisations (id),
    name text not null,
    mode text not null,
    scopes text[] not null,
    -- SHA-256 of the whole key. Its 256 random bits cannot be guessed, so a slow hash is not needed.
    digest bytea not null,
    -- The last characters of the key, for display.
    last_four text not null,
    created_at timestamptz not null,
    -- The time of the newest secret.
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    -- The secret before the newest one, while it is valid too.
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
create index api_keys_organisation_idx on api_keys (organisation_id, id desc) where organisation_id is not null;
create trigger api_keys_of_verified before insert on api_keys
    for each row execute function users_require_verified('user_id');

-- Keys that sign access tokens. The public halves let others verify our tokens.
create table signing_keys (
    -- The thumbprint of the public half (RFC 7638). Tokens name it.
    kid text constraint signing_keys_pkey primary key,
    -- Ed25519.
    public bytea not null,
    -- PKCS #8, encrypted with a key that is not in the database.
    private_sealed bytea not null,
    created_at timestamptz not null,
    -- The key is published before, so that verifiers know it in time.
    signs_from timestamptz not null,
    constraint signing_keys_kid_length check (char_length(kid) = 43),
    constraint signing_keys_public_length check (octet_length(public) = 32),
    constraint signing_keys_signs_later check (signs_from >= created_at)
);
