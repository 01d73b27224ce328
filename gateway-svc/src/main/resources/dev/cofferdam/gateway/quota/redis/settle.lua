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
local in_window = admitted + window > now

local leased = redis.call('ZREM', KEYS[5], id) == 1
local kept = redis.call('HMGET', KEYS[4], 'total', id)
local total, old = tonumber(kept[1] or '0'), kept[2]
if old and not leased then return {0, now} end

if old and in_window and used > 0 then
  redis.call('HSET', KEYS[4], id, used, 'total', total - tonumber(old) + used)
elseif old then
  redis.call('ZREM', KEYS[3], id)
  redis.call('HDEL', KEYS[4], id)
  redis.call('HSET', KEYS[4], 'total', total - tonumber(old))
elseif in_window and used > 0 then
  redis.call('ZADD', KEYS[3], admitted + window, id)
  redis.call('HSET', KEYS[4], id, used, 'total', total + used)
  redis.call('PEXPIRE', KEYS[3], 3 * window)
  redis.call('PEXPIRE', KEYS[4], 3 * window)
end
if in_window and ARGV[5] == '1' then
  for i = 1, 2 do
    redis.call('ZADD', KEYS[i], admitted, id)
    redis.call('PEXPIRE', KEYS[i], 3 * window)
  end
end
return {(leased or in_window) and 1 or 0, now}
