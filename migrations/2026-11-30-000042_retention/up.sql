-- Indexes by which old rows are found, in parts.

create index notifications_created_at_idx on notifications (created_at);
create index exchanges_at_idx on exchanges using brin (at);
create index invitations_ended_at_idx on invitations (ended_at) where ended_at is not null;
create index deal_invitations_ended_at_idx on deal_invitations (ended_at) where ended_at is not null;
create index deal_reminders_due_at_idx on deal_reminders (due_at);
create index reconciliation_runs_started_at_idx on reconciliation_runs (started_at);
