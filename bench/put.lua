-- wrk script: PUTs of 100-byte values over 10,000 keys, made beforehand so that wrk itself costs little.
local requests, at = {}, 0

function init(args)
  local ns = args[1]
  local body = '{"value":"' .. string.rep("eHh4", 33) .. 'eA=="}'
  math.randomseed(os.time())
  for i = 1, 10000 do
    requests[i] = wrk.format("PUT", "/api/v1/" .. ns .. "/kv/bench-" .. math.random(10000), nil, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("RESULT %f %d %f\n", summary.requests / (summary.duration / 1e6), bad, latency:percentile(99) / 1e3))
end
