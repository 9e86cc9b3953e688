-- Second factors that are codes sent to the person, and devices on which none is asked for.

alter table second_factors
    alter column secret drop not null,
    -- Where codes are sent; none for an authenticator app.
    add column channel text,
    add constraint second_factors_channel_known check (channel in ('email', 'phone')),
    add constraint second_factors_one_kind check (num_nonnulls(secret, channel) = 1),
    -- What is sent to was proven before; there is nothing left to confirm.
    add constraint second_factors_message_active check (channel is null or confirmed_at is not null),
    drop constraint second_factors_active_proven,
    add constraint second_factors_active_proven check (
        confirmed_at is null or last_step is not null or channel is not null);

alter table codes
    drop constraint codes_purpose_known,
    add constraint codes_purpose_known check (purpose in (
        'verify_email', 'verify_phone', 'reset_password', 'leave_email', 'leave_phone', 'change_email', 'change_phone',
        'second_factor'));

create table trusted_devices (
    id uuid constraint trusted_devices_pkey primary key,
    user_id uuid not null constraint trusted_devices_user_fkey references users (id),
    -- SHA-256 of the random id that the device's token carries.
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

-- Sessions that were opened on one, or made it one; and those that are over are removed after a while.
alter table sessions add column trusted_device_id uuid
    constraint sessions_trusted_device_fkey references trusted_devices (id) on delete set null;
create index sessions_trusted_device_idx on sessions (trusted_device_id) where trusted_device_id is not null;
create index sessions_expires_at_idx on sessions (expires_at);

-- Roughly where a session was opened, if the service knows.
alter table sessions
    add column place text,
    add constraint sessions_place_length check (char_length(place) between 1 and 120);
