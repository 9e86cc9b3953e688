-- One-time codes, and since when an address and a number are known to be the person's.

alter table users
    add column email_verified_at timestamptz,
    add column phone_verified_at timestamptz;

create table codes (
    -- Random. The code itself is nowhere: it is worked out from this id by a key that the database never sees.
    id uuid constraint codes_pkey primary key,
    user_id uuid not null constraint codes_user_fkey references users (id),
    purpose text not null,
    -- The address or number it goes to.
    target text not null,
    tries smallint not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- Used, replaced by another, or made pointless by what another changed.
    ended_at timestamptz,
    constraint codes_purpose_known check (purpose in (
        'verify_email', 'verify_phone', 'reset_password', 'leave_email', 'leave_phone', 'change_email', 'change_phone')),
    constraint codes_target_length check (char_length(target) between 3 and 254),
    constraint codes_tries_range check (tries between 0 and 5),
    constraint codes_expire_later check (created_at < expires_at)
);
create unique index codes_open_unique on codes (user_id, purpose) where ended_at is null;
create index codes_sent_idx on codes (user_id, target, created_at desc);
create index codes_created_at_idx on codes (created_at);

-- Where a message goes, if not to what the person has when it is sent; and the code that it tells. No
-- foreign key: a code is removed long before the message.
alter table notifications
    add column address text,
    add column code_id uuid;
