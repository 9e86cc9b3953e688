drop index breaks_closed_idx;
drop index breaks_closed_by_hand_idx;
alter table breaks
    drop constraint breaks_books_not_by_hand,
    drop constraint breaks_closed_by_hand_whole,
    drop constraint breaks_note_length,
    drop column note,
    drop column closed_by;
