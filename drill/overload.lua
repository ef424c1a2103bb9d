-- wrk's script of the overload drill: it counts pages, refusals and other answers, and prints their 95th percentile.
local per_ms = 1000
local threads = {}

function setup(thread) table.insert(threads, thread) end

function init()
  served, refused, other = 0, 0, 0
end

function response(status)
  if status == 200 then served = served + 1
  elseif status == 503 or status == 429 then refused = refused + 1
  else other = other + 1 end
end

function done(summary, latency)
  local sums = { served = 0, refused = 0, other = 0 }
  for _, thread in ipairs(threads) do
    for name, sum in pairs(sums) do sums[name] = sum + thread:get(name) end
  end
  local broken = summary.errors
  io.write(string.format("served %d refused %d other %d connect %d read %d write %d timeout %d p95 %d\n", sums.served, sums.refused,
    sums.other, broken.connect, broken.read, broken.write, broken.timeout, latency:percentile(95) / per_ms))
end
