-- Tells a Redis that came back empty, or behind, what a gateway remembers: nothing ever becomes less by it.
--
-- KEYS as in admit.lua, 6 spent
-- ARGV 1 day  2 tokens of the day  3 micros of the day  4 month  5 tokens of the month  6 micros of the month
-- Answer: 1

local time = redis.call('TIME')
local spent = read_spent(KEYS[6], time[1] * 1000 + math.floor(time[2] / 1000))
if spent.day == tonumber(ARGV[1]) then
  spent.day_tokens = math.max(spent.day_tokens, tonumber(ARGV[2]))
  spent.day_micros = math.max(spent.day_micros, tonumber(ARGV[3]))
end
if spent.month == tonumber(ARGV[4]) then
  spent.month_tokens = math.max(spent.month_tokens, tonumber(ARGV[5]))
  spent.month_micros = math.max(spent.month_micros, tonumber(ARGV[6]))
end
write_spent(KEYS[6], spent, true)
return 1
