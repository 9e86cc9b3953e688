-- The keys that sign access tokens: whoever knows the public halves can tell a token of ours.

create table signing_keys (
    -- The thumbprint of the public half (RFC 7638): tokens name it.
    kid text constraint signing_keys_pkey primary key,
    -- Ed25519.
    public bytea not null,
    -- PKCS #8, encrypted with a key that the database never sees.
    private_sealed bytea not null,
    created_at timestamptz not null,
    -- It is public for a while before, so that nobody meets a token whose key they do not know.
    signs_from timestamptz not null,
    constraint signing_keys_kid_length check (char_length(kid) = 43),
    constraint signing_keys_public_length check (octet_length(public) = 32),
    constraint signing_keys_signs_later check (signs_from >= created_at)
);
