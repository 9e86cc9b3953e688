-- Nine of ten transfers use one of the first ten wallets (distributed by Zipf), half as sender, half as recipient.
\set hot random_zipfian(1, 10, 1.1)
\set first random(1, :wallets)
\set other random(1, :wallets - 1)
\set side random(1, 20)
\set one case when :side <= 18 then :hot else :first end
\set two :other + case when :other >= :one then 1 else 0 end
\set sender case when :side % 2 = 0 then :one else :two end
\set recipient case when :side % 2 = 0 then :two else :one end
