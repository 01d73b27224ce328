-- Keeps the leases of requests in flight alive. Leases that are gone stay gone.
--
-- KEYS 1..4 the tenant's windows, 5 leases, as in admit.lua
-- ARGV 1 lease ms, 2 window ms, then request ids
-- Answer: how many leases were still there; now

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[1])
local kept = 0
for i = 3, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[5], ARGV[i])
  if expiry and tonumber(expiry) > now then
    redis.call('ZADD', KEYS[5], now + lease, ARGV[i])
    kept = kept + 1
  end
end
for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], 2 * tonumber(ARGV[2]) + 2 * lease) end
return {kept, now}
