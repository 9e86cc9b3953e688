-- Takes `wanted` from every key, or as much as the key with the least has left. A negative `wanted` gives back.
-- A window starts with the first take and ends after `window`; older counts are ignored.
local now, window, limit, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local starts, used = {}, {}
local least, reset = limit, window
for i, key in ipairs(KEYS) do
    local known = redis.call('HMGET', key, 'start', 'used')
    local start, spent = tonumber(known[1]), tonumber(known[2])
    if not start or not spent or now - start >= window then
        start, spent = now, 0
    end
    local left, ends = math.max(limit - spent, 0), math.min(start + window - now, window)
    if i == 1 or left < least or (left == least and ends > reset) then
        least, reset = left, ends
    end
    starts[i], used[i] = start, spent
end
local granted = math.min(wanted, least)
for i, key in ipairs(KEYS) do
    if granted ~= 0 then
        redis.call('HSET', key, 'start', starts[i], 'used', math.max(used[i] + granted, 0))
        redis.call('PEXPIRE', key, window)
    end
end
return {granted, math.min(least - granted, limit), reset}
