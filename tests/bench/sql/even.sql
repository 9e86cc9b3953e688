\set sender random(1, :wallets)
\set other random(1, :wallets - 1)
\set recipient :other + case when :other >= :sender then 1 else 0 end
