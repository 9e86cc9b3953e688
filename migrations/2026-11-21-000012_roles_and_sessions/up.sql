-- Roles in place of the one `operator`, and the sessions in which people use the service.

alter table users drop constraint users_role_known;
update users set role = 'admin' where role = 'operator';
alter table users add constraint users_role_known
    check (role in ('user', 'support', 'compliance', 'admin', 'super_admin'));

create table sessions (
    id uuid constraint sessions_pkey primary key,
    user_id uuid not null constraint sessions_user_fkey references users (id),
    -- Counts the refresh tokens; only the newest one is good.
    rotation integer not null default 0,
    rotated_at timestamptz not null,
    -- Where the person is, as far as the app says so: `Chrome on Android`.
    device_name text not null,
    device_kind text not null,
    address text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    constraint sessions_rotation_not_negative check (rotation >= 0),
    constraint sessions_device_name_length check (char_length(device_name) between 1 and 120),
    constraint sessions_device_kind_known check (device_kind in ('phone', 'tablet', 'computer', 'program', 'unknown')),
    constraint sessions_end_reason_known check (end_reason in (
        'signed_out', 'revoked', 'evicted', 'reused', 'password_changed', 'role_changed')),
    constraint sessions_end_whole check ((ended_at is null) = (end_reason is null)),
    constraint sessions_expires_later check (expires_at > created_at)
);
create index sessions_user_idx on sessions (user_id, rotated_at) where ended_at is null;
create index sessions_ended_at_idx on sessions (ended_at) where ended_at is not null;
