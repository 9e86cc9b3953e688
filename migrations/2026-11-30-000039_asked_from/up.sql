-- The internet address from which a payment was asked for, sealed under its owner's key.
alter table payments add column asked_from_sealed bytea;
