drop index sessions_expires_at_idx;
alter table sessions
    drop column place,
    drop column trusted_device_id;
drop table trusted_devices;

delete from codes where purpose = 'second_factor';
alter table codes
    drop constraint codes_purpose_known,
    add constraint codes_purpose_known check (purpose in (
        'verify_email', 'verify_phone', 'reset_password', 'leave_email', 'leave_phone', 'change_email', 'change_phone'));

delete from second_factors where channel is not null;
alter table second_factors
    drop constraint second_factors_active_proven,
    add constraint second_factors_active_proven check (confirmed_at is null or last_step is not null),
    drop constraint second_factors_message_active,
    drop constraint second_factors_one_kind,
    drop constraint second_factors_channel_known,
    drop column channel,
    alter column secret set not null;
