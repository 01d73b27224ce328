-- Takes a slice of a tenant's limits, from which a gateway then decides requests by itself: as much as there is of
-- what it asks for. A slice counts like the requests that it may become, until it is settled (settle.lua).
--
-- KEYS as in admit.lua
-- ARGV 1 slice id  2 to 5, 7 to 10, 12 to 16 as in admit.lua, but of 11: micros wanted, and 6: tokens wanted
--     17 requests wanted  18 requests in flight wanted
-- Answer: requests, tokens, requests in flight, micros; now; day ... micros in flight, as in admit.lua
--
-- Its requests are "id:1" ... in the windows, its places in flight are id, "id#2" ... among the leases.

local id, window, lease = ARGV[1], tonumber(ARGV[7]), tonumber(ARGV[8])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local spent = read_spent(KEYS[6], now)
local expired = leave(spent, now, window)
local total = tonumber(redis.call('HGET', KEYS[4], 'total') or '0')
local level = bucket_level(spent, tonumber(ARGV[9]), tonumber(ARGV[10]), now, window)

local requests = math.min(
  tonumber(ARGV[17]), math.floor(level / window),
  tonumber(ARGV[2]) - redis.call('ZCARD', KEYS[1]), tonumber(ARGV[3]) - redis.call('ZCARD', KEYS[2]))
local tokens = math.min(tonumber(ARGV[6]), tonumber(ARGV[4]) - total)
local places = math.min(tonumber(ARGV[18]), tonumber(ARGV[5]) - redis.call('ZCARD', KEYS[5]))
local micros = tonumber(ARGV[11])
if ARGV[16] == '1' then
  local function left(limit, used, held, wanted)
    return limit < 0 and wanted or math.min(wanted, limit - used - held)
  end
  tokens = left(tonumber(ARGV[12]), spent.day_tokens, spent.held_tokens, tokens)
  tokens = left(tonumber(ARGV[13]), spent.month_tokens, spent.held_tokens, tokens)
  micros = left(tonumber(ARGV[14]), spent.day_micros, spent.held_micros, micros)
  micros = left(tonumber(ARGV[15]), spent.month_micros, spent.held_micros, micros)
end

local granted = requests > 0 and tokens > 0 and places > 0 and micros >= 0
if granted then
  local live = 2 * window + 2 * lease
  local function add(key, score, mark, from, to)
    local entries = {}
    for i = from, to do
      entries[#entries + 1] = score
      entries[#entries + 1] = id .. mark .. i
    end
    if #entries > 0 then redis.call('ZADD', key, unpack(entries)) end
  end
  add(KEYS[1], now, ':', 1, requests)
  add(KEYS[2], now, ':', 1, requests)
  redis.call('ZADD', KEYS[3], now + window, id)
  redis.call('HSET', KEYS[4], id, tokens, 'total', total + tokens, 'touched', now)
  redis.call('ZADD', KEYS[5], now + lease, id)
  add(KEYS[5], now + lease, '#', 2, places)
  for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], live) end
  spent.bucket, spent.bucket_ms = level - requests * window, now
  spent.held_tokens, spent.held_micros = spent.held_tokens + tokens, spent.held_micros + micros
  if micros > 0 then redis.call('HSET', KEYS[6], 'm:' .. id, micros) end
else
  requests, tokens, places, micros = 0, 0, 0, 0
end
if granted or expired > 0 then write_spent(KEYS[6], spent, granted) end
return {
  requests, tokens, places, micros, now,
  spent.day, spent.day_tokens, spent.day_micros, spent.month, spent.month_tokens, spent.month_micros,
  spent.held_tokens, spent.held_micros
}
