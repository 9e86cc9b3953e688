-- Second factors that are codes sent to the person.

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
