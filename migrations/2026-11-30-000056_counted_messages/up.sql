-- Messages that other people have caused, counted by the address that got them. Kept for two days.

create table counted_messages (
    notification_id uuid constraint counted_messages_pkey primary key
        constraint counted_messages_notification_fkey references notifications (id) on delete cascade,
    -- Of the address or number, as users have it: for whichever account a message is, the same phone rings.
    digest bytea not null,
    cause text not null,
    counted_at timestamptz not null,
    constraint counted_messages_digest_length check (octet_length(digest) = 32),
    constraint counted_messages_cause_known check (
        cause in ('transfers', 'holds', 'offers', 'negotiations', 'reminders', 'invitations', 'codes')
    )
);
create index counted_messages_digest_idx on counted_messages (digest, cause, counted_at);
create index counted_messages_counted_at_idx on counted_messages (counted_at);

-- Addresses of callbacks end with their payments: housekeeping finds the old ones by their age.
create index callback_tokens_made_at_idx on callback_tokens (made_at);
