-- Which phones were asked to pay, by whom and when. Kept for two days.

create table prompts (
    payment_id uuid constraint prompts_pkey primary key constraint prompts_payment_fkey references payments (id),
    user_id uuid not null constraint prompts_user_fkey references users (id),
    -- Of the number, as users have it: whoever asks, it is the same phone that rings.
    digest bytea not null,
    -- Whether the number was that of the person who asked.
    is_own boolean not null,
    created_at timestamptz not null,
    constraint prompts_digest_length check (octet_length(digest) = 32)
);
create index prompts_digest_idx on prompts (digest, created_at);
create index prompts_user_idx on prompts (user_id, created_at);
create index prompts_created_at_idx on prompts (created_at);
