-- Ends a request: releases its lease, and replaces what it reserved by what it used, at its original time in the
-- windows, and now in the budgets, as the ledger has it. A second call within the window changes nothing; a call
-- after the lease's expiry still counts what was used.
--
-- KEYS as in admit.lua: 1 requests, 2 model, 3 tokens, 4 amounts, 5 leases, 6 spent
-- ARGV 1 request id   2 time of admission on Redis' clock; negative: milliseconds ago
--      3 tokens used  4 window ms   5 "1": the request was admitted elsewhere and counts as one, too
--      6 micros used  7 to 10: the budgets, as 12 to 15 of admit.lua
--      of a slice, too: 11 its requests  12 those of them that were used  13 its places in flight
-- Answer: 1 settled, 0 was settled before, or has left the window; now; marks that this passed: bit 2 i is
--         80 %, bit 2 i + 1 is 100 % of the i-th budget; day ... micros of the month, as in admit.lua

local id, admitted, used, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if admitted < 0 then admitted = now + admitted end
local in_window = admitted + window > now

local leased = redis.call('ZREM', KEYS[5], id) == 1
if ARGV[11] then
  local function remove(key, mark, from, to)
    local members = {}
    for i = from, to do members[#members + 1] = id .. mark .. i end
    if #members > 0 then redis.call('ZREM', key, unpack(members)) end
  end
  remove(KEYS[1], ':', ARGV[12] + 1, tonumber(ARGV[11]))
  remove(KEYS[2], ':', ARGV[12] + 1, tonumber(ARGV[11]))
  remove(KEYS[5], '#', 2, tonumber(ARGV[13]))
end
local kept = redis.call('HMGET', KEYS[4], 'total', id)
local total, old = tonumber(kept[1] or '0'), kept[2]
if old and not leased then return {0, now, 0} end

local spent = read_spent(KEYS[6], now)
if leased then release(KEYS[6], spent, id, tonumber(old or '0')) end
local passed, bit = 0, 1
local function spend(name, more, budget)
  local before = spent[name]
  spent[name] = before + more
  for _, percent in ipairs({80, 100}) do
    local mark = budget * percent / 100
    if budget >= 0 and before < mark and spent[name] >= mark then passed = passed + bit end
    bit = bit * 2
  end
end
local micros = tonumber(ARGV[6])
spend('day_tokens', used, tonumber(ARGV[7]))
spend('month_tokens', used, tonumber(ARGV[8]))
spend('day_micros', micros, tonumber(ARGV[9]))
spend('month_micros', micros, tonumber(ARGV[10]))
write_spent(KEYS[6], spent, false)

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
return {
  (leased or in_window) and 1 or 0, now, passed,
  spent.day, spent.day_tokens, spent.day_micros, spent.month, spent.month_tokens, spent.month_micros,
  spent.held_tokens, spent.held_micros
}
