-- Reports in JSON. With arguments (path, top, step, rows of a window, windows, stride, first) it asks for one window
-- of an image after the other, none twice; `path` is a format of the two depths. Without, for the URL it was given.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  if not args[1] then return end
  local path, top, step, height = args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local windows, stride = tonumber(args[5]), tonumber(args[6])
  asked = tonumber(args[7])
  request = function()
    local depth = top + (asked * stride) % windows * step
    asked = asked + 1
    return wrk.format("GET", string.format(path, depth, depth + (height - 1) * step))
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "refused": %d, "socket_errors": %d, "p50": %d, "p99": %d, "asked": %d}\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), threads[1]:get("asked") or 0))
end
