-- A call of 2 KB. With the argument `statuses`, replies are counted by status, which costs wrk some speed.
wrk.method = "POST"
wrk.path = "/records"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":"1","padding":"' .. string.rep("x", 2025) .. '"}'

statuses = {}
local threads = {}

function setup(thread)
   threads[#threads + 1] = thread
end

function init(arguments)
   if arguments[1] == "statuses" then
      response = function(status)
         statuses[status] = (statuses[status] or 0) + 1
      end
   end
end

-- One line for the benchmark to read.
function done(summary, latency)
   local errors = summary.errors
   local broken = errors.connect + errors.read + errors.write + errors.timeout
   io.write(string.format("counted: calls %d refused %d broken %d us %d p50 %d p99 %d",
      summary.requests, errors.status, broken, summary.duration, latency:percentile(50), latency:percentile(99)))
   for _, thread in ipairs(threads) do
      for status, count in pairs(thread:get("statuses")) do
         io.write(string.format(" status %d %d", status, count))
      end
   end
   io.write("\n")
end
