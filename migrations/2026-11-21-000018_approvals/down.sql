update sessions set end_reason = 'revoked' where end_reason = 'factor_removed';
alter table sessions
    drop constraint sessions_end_reason_known,
    add constraint sessions_end_reason_known check (end_reason in (
        'signed_out', 'revoked', 'evicted', 'reused', 'password_changed', 'role_changed'));
alter table suspense_items
    drop column closed_by,
    drop column closed_at;
drop table approvals;
