-- Ends a request: releases its lease, and replaces what it reserved by what it used, at its original time.
-- A second call changes nothing; a call after the lease's expiry still counts what was used.
--
-- KEYS as in admit.lua: 1 requests, 2 model, 3 tokens, 4 amounts, 5 leases
-- ARGV 1 request id   2 time of admission on Redis' clock; negative: milliseconds ago
--      3 tokens used  4 window ms   5 "1": the request was admitted elsewhere and counts as one, too
-- Answer: 1 settled, 0 was settled before, or has left the window; now

local id, admitted, used, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if admitted < 0 then admitted = now + admitted end

local leased = redis.call('ZREM', KEYS[5], id) == 1
local old = redis.call('HGET', KEYS[4], id)
if old and not leased then return {0, now} end
if old then
  redis.call('HINCRBY', KEYS[4], 'total', 0 - tonumber(old)) -- never "-0"
  redis.call('HDEL', KEYS[4], id)
  redis.call('ZREM', KEYS[3], id)
end
if admitted + window <= now then return {leased and 1 or 0, now} end

if used > 0 then
  redis.call('ZADD', KEYS[3], admitted + window, id)
  redis.call('HSET', KEYS[4], id, used)
  redis.call('HINCRBY', KEYS[4], 'total', used)
end
if ARGV[5] == '1' then
  redis.call('ZADD', KEYS[1], admitted, id)
  redis.call('ZADD', KEYS[2], admitted, id)
end
for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], 2 * window) end
return {1, now}
