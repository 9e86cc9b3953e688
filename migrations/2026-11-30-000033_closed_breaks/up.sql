-- Discrepancies that a member of staff has looked into and closed.

alter table breaks
    add column closed_by uuid constraint breaks_closed_by_fkey references users (id),
    add column note text,
    add constraint breaks_note_length check (char_length(note) between 3 and 500),
    add constraint breaks_closed_by_hand_whole check (
        num_nonnulls(closed_by, note) in (0, 2) and (closed_by is null or closed_at is not null)),
    -- These say that the books do not add up. They close when the books do, and not before.
    add constraint breaks_books_not_by_hand check (
        closed_by is null or kind not in ('trust_equation', 'balance_differs'));
-- The same finding about the same thing stays closed.
create index breaks_closed_by_hand_idx on breaks (kind, subject) where closed_by is not null;
create index breaks_closed_idx on breaks (id desc) where closed_at is not null;
