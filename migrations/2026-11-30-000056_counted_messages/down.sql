drop index callback_tokens_made_at_idx;
drop table counted_messages;
