-- For wrk: ask for the paths in the file PATHS, one after another and round again, with
-- If-None-Match where ETAG is given, and
-- say at the end how long it took as one line of JSON.
local paths = {}
for path in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = path end
local n = 0
local etag = os.getenv("ETAG")
local headers = {}
if etag and etag ~= "" then headers["If-None-Match"] = etag end

function request()
  n = n % #paths + 1
  return wrk.format("GET", paths[n], headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "bytes": %d, "median_ms": %f, "p99_ms": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
