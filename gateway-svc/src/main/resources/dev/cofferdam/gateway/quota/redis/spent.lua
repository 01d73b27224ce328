-- What a tenant has spent, its token bucket, and what leaves its windows; in front of the scripts that need it.
--
-- A hash. Its field "state" is ten doubles, packed, because that is half the work of ten fields: bucket, its level
-- at bucket_ms; day, day_tokens, day_micros, month, month_tokens, month_micros: spent in the UTC day and month;
-- held_tokens, held_micros: reserved by requests in flight. "m:" and a request's id: the money that it holds.
-- Micros are millionths of the currency.

local SPENT_LIVE_MS = 40 * 86400000
local STATE = '<dddddddddd'

-- The month of a day since the epoch, counted from the year 0 (H. Hinnant, civil_from_days).
local function month_of(day)
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local shifted = math.floor((5 * doy + 2) / 153)
  local month = shifted < 10 and shifted + 2 or shifted - 10
  return (yoe + era * 400 + (month < 2 and 1 or 0)) * 12 + month
end

-- A clock that goes back, that of another node, does not bring back a day.
local function read_spent(key, now)
  local state = redis.call('HGET', key, 'state')
  local spent = {new = not state}
  if state then
    spent.bucket, spent.bucket_ms, spent.day, spent.day_tokens, spent.day_micros, spent.month, spent.month_tokens,
      spent.month_micros, spent.held_tokens, spent.held_micros = struct.unpack(STATE, state)
  else
    spent.bucket, spent.bucket_ms, spent.day, spent.day_tokens, spent.day_micros, spent.month, spent.month_tokens,
      spent.month_micros, spent.held_tokens, spent.held_micros = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  end
  local day = math.floor(now / 86400000)
  if day > spent.day then
    local month = month_of(day)
    spent.day, spent.day_tokens, spent.day_micros = day, 0, 0
    if month > spent.month then spent.month, spent.month_tokens, spent.month_micros = month, 0, 0 end
  end
  return spent
end

local function write_spent(key, spent, extend)
  redis.call('HSET', key, 'state', struct.pack(STATE,
    spent.bucket, spent.bucket_ms, spent.day, spent.day_tokens, spent.day_micros, spent.month, spent.month_tokens,
    spent.month_micros, spent.held_tokens, spent.held_micros))
  if extend or spent.new then redis.call('PEXPIRE', key, SPENT_LIVE_MS) end
end

-- Gives back what a request held.
local function release(key, spent, id, tokens)
  spent.held_tokens = math.max(0, spent.held_tokens - tokens)
  if spent.held_micros > 0 then
    local field = 'm:' .. id
    local micros = redis.call('HGET', key, field)
    if micros then
      spent.held_micros = math.max(0, spent.held_micros - tonumber(micros))
      redis.call('HDEL', key, field)
    end
  end
end

-- The bucket's level, in requests times milliseconds of the window: whole numbers.
local function bucket_level(spent, burst, fill, now, window)
  local full = burst * window
  if spent.bucket_ms == 0 then return full end
  return math.min(full, spent.bucket + math.max(0, now - spent.bucket_ms) * fill)
end

-- Forgets an amount; answers it.
local function drop(member)
  local old = redis.call('HGET', KEYS[4], member)
  redis.call('ZREM', KEYS[3], member)
  if old then
    redis.call('HDEL', KEYS[4], member)
    redis.call('HINCRBY', KEYS[4], 'total', 0 - tonumber(old)) -- never "-0"
  end
  return tonumber(old or '0')
end

-- Takes away what has left: leases of gateways that died, amounts and requests older than the window. Answers how
-- many leases died.
local function leave(spent, now, window)
  local expired = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now)
  for _, member in ipairs(expired) do
    redis.call('ZREM', KEYS[5], member)
    release(KEYS[6], spent, member, drop(member))
  end
  local left = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)
  for _, member in ipairs(left) do
    local alive = redis.call('ZSCORE', KEYS[5], member)
    if alive then
      redis.call('ZADD', KEYS[3], alive, member)
    else
      drop(member)
    end
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - window)
  return #expired
end

