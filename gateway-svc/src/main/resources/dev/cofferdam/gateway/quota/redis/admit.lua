-- Decides all limits of one request, and reserves what it may use.
--
-- KEYS 1 requests   sorted set: request id by time of admission, of the tenant
--      2 model      the same, of the tenant on this model
--      3 tokens     sorted set: request id by the time at which its amount leaves the window
--      4 amounts    hash: request id to tokens; "total", their sum; "touched", when the keys' expiry was set
--      5 leases     sorted set: request id by the lease's expiry; in it = in flight
--      6 spent      hash: the token bucket and the budgets, as in spent.lua
-- ARGV 1 request id        2 requests per window   3 requests per window on the model
--      4 tokens per window 5 requests in flight    6 tokens to reserve
--      7 window ms         8 lease ms              9 the bucket's size in requests
--     10 requests by which it fills in a window   11 micros to reserve
--     12 tokens of a day  13 tokens of a month    14 micros of a day   15 micros of a month (-1: no budget)
--     16 "1": a spent budget stops
-- Answer: verdict, now, limit / remaining / reset ms of requests, of tokens, wait ms (-1: never),
--         day, tokens and micros of the day, month, tokens and micros of the month, tokens and micros in flight
-- Verdicts: 0 granted, 1 requests, 2 requests on the model, 3 tokens, 4 in flight, 5 the bucket,
--           6 tokens of the day, 7 tokens of the month, 8 micros of the day, 9 micros of the month
--
-- All times are Redis' own, in milliseconds. An amount counts until its time leaves the window, and longer
-- while its lease lives; a lease that expires takes its amount with it.

local id = ARGV[1]
local rpm, model_rpm, tpm = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local in_flight_max, amount = tonumber(ARGV[5]), tonumber(ARGV[6])
local window, lease = tonumber(ARGV[7]), tonumber(ARGV[8])
local burst, fill, micros = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local EXAMINED_MAX = 1024
local KEYS_LIVE_MS = 2 * window + 2 * lease

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local spent = read_spent(KEYS[6], now)

local expired = leave(spent, now, window)

local requests = redis.call('ZCARD', KEYS[1])
local model_requests = redis.call('ZCARD', KEYS[2])
local in_flight = redis.call('ZCARD', KEYS[5])
local kept = redis.call('HMGET', KEYS[4], 'total', 'touched', id)
local total, touched = tonumber(kept[1] or '0'), tonumber(kept[2] or '0')
local known = kept[3] and redis.call('ZSCORE', KEYS[5], id)

local level = bucket_level(spent, burst, fill, now, window)

-- When the entry leaves that must leave so that one more fits.
local function wait_for_request(key, count, limit)
  local entry = redis.call('ZRANGE', key, count - limit, count - limit, 'WITHSCORES')
  return entry[2] and math.max(1, tonumber(entry[2]) + window - now) or window
end

-- When enough of the oldest amounts have left; a lower bound beyond EXAMINED_MAX entries.
local function wait_for_tokens()
  local excess, first, wait = total + amount - tpm, 0, 1
  while excess > 0 and first < EXAMINED_MAX do
    local page = redis.call('ZRANGE', KEYS[3], first, first + 63, 'WITHSCORES')
    if #page == 0 then return wait end
    for i = 1, #page, 2 do
      excess = excess - tonumber(redis.call('HGET', KEYS[4], page[i]) or '0')
      wait = math.max(1, tonumber(page[i + 1]) - now)
      if excess <= 0 then return wait end
    end
    first = first + 64
  end
  return wait
end

-- The limit that is hit, of several the one that takes longest.
local verdict, wait = 0, 0
local function hit(by, ms)
  if verdict == 0 or ms > wait then verdict, wait = by, ms end
end
if not known then
  if in_flight >= in_flight_max then hit(4, 1000) end
  if requests >= rpm then hit(1, wait_for_request(KEYS[1], requests, rpm)) end
  if model_requests >= model_rpm then hit(2, wait_for_request(KEYS[2], model_requests, model_rpm)) end
  if level < window then hit(5, math.ceil((window - level) / fill)) end
  if total + amount > tpm and amount <= tpm then hit(3, wait_for_tokens()) end
  local never = amount > tpm and 3
  if ARGV[16] == '1' then
    local function budget(by, limit, used, held, more)
      if limit < 0 or used + held + more <= limit then return end
      if used + more > limit then never = by else hit(by, 1000) end
    end
    budget(6, tonumber(ARGV[12]), spent.day_tokens, spent.held_tokens, amount)
    budget(7, tonumber(ARGV[13]), spent.month_tokens, spent.held_tokens, amount)
    budget(8, tonumber(ARGV[14]), spent.day_micros, spent.held_micros, micros)
    budget(9, tonumber(ARGV[15]), spent.month_micros, spent.held_micros, micros)
  end
  if never then verdict, wait = never, -1 end
end

local granted = verdict == 0 and not known
if granted then
  -- The id's own amount, where it was settled before, is replaced; all keys expire unless they are touched
  -- again; a key that was empty is a new one without expiry.
  local stale = now - touched > window / 2
  local new_tokens = stale or total == 0
  total = total + amount - tonumber(kept[3] or '0')
  redis.call('ZADD', KEYS[1], now, id)
  redis.call('ZADD', KEYS[2], now, id)
  redis.call('ZADD', KEYS[3], now + window, id)
  redis.call('HSET', KEYS[4], id, amount, 'total', total, 'touched', stale and now or touched)
  redis.call('ZADD', KEYS[5], now + lease, id)
  if stale or requests == 0 then redis.call('PEXPIRE', KEYS[1], KEYS_LIVE_MS) end
  redis.call('PEXPIRE', KEYS[2], KEYS_LIVE_MS)
  if new_tokens then redis.call('PEXPIRE', KEYS[3], KEYS_LIVE_MS) end
  if stale then redis.call('PEXPIRE', KEYS[4], KEYS_LIVE_MS) end
  if stale or in_flight == 0 then redis.call('PEXPIRE', KEYS[5], KEYS_LIVE_MS) end
  requests, model_requests = requests + 1, model_requests + 1
  spent.bucket, spent.bucket_ms = level - window, now
  spent.held_tokens, spent.held_micros = spent.held_tokens + amount, spent.held_micros + micros
  if micros > 0 then redis.call('HSET', KEYS[6], 'm:' .. id, micros) end
  write_spent(KEYS[6], spent, stale)
elseif expired > 0 then
  write_spent(KEYS[6], spent, false)
end

local key, limit, count = KEYS[1], rpm, requests
if model_rpm - model_requests < rpm - requests then
  key, limit, count = KEYS[2], model_rpm, model_requests
end
local reset_requests, reset_tokens = window, window
if not granted then
  local newest = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')
  reset_requests = newest[2] and math.max(0, tonumber(newest[2]) + window - now) or 0
  reset_tokens = last[2] and math.max(0, tonumber(last[2]) - now) or 0
end
return {
  verdict, now,
  limit, math.max(0, limit - count), reset_requests,
  tpm, math.max(0, tpm - total), reset_tokens,
  wait,
  spent.day, spent.day_tokens, spent.day_micros, spent.month, spent.month_tokens, spent.month_micros,
  spent.held_tokens, spent.held_micros
}
