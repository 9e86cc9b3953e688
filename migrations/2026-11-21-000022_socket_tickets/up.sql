-- Tickets with which a WebSocket is opened: browsers cannot send a token there except in the address, which ends up
-- in logs, so what stands there is good once and for half a minute.

create table socket_tickets (
    -- SHA-256: nobody who reads this table can open a socket.
    digest bytea constraint socket_tickets_pkey primary key,
    session_id uuid not null
        constraint socket_tickets_session_fkey references sessions (id) on delete cascade,
    expires_at timestamptz not null,
    constraint socket_tickets_digest_length check (octet_length(digest) = 32)
);
create index socket_tickets_session_idx on socket_tickets (session_id);
