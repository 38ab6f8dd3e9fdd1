# The tutorial's commands, as they stand there: tests/tutorial/run plays them, examples/crdt-multi-dc/demo too.
# A command is a run of lines up to the first that does not end in a backslash. `base64` must not wrap its output
# (GNU: -w0): unquoted $(…) would hand curl the rest as another URL.

# The cluster, each in a terminal of its own
./unisondb -config ./cmd/examples/crdt-multi-dc/configs/dc1.toml replicator
./unisondb -config ./cmd/examples/crdt-multi-dc/configs/dc2.toml replicator
./unisondb -config ./cmd/examples/crdt-multi-dc/configs/relayer.toml relayer

# Scenario 1: an LWW register, written in both datacenters
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/lww:user-status" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"value":"online","timestamp":1698765432000,"replica":"ad-campaign-dc1"}' | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/lww:user-status" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"value":"away","timestamp":1698765433000,"replica":"ad-campaign-dc2"}' | base64)'"}'

# Scenario 2: two writes with the same timestamp
TIMESTAMP=$(date +%s)000
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/lww:config" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n "{\"value\":\"DC1 wins?\",\"timestamp\":$TIMESTAMP,\"replica\":\"ad-campaign-dc1\"}" | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/lww:config" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n "{\"value\":\"DC2 wins!\",\"timestamp\":$TIMESTAMP,\"replica\":\"ad-campaign-dc2\"}" | base64)'"}'

# Scenario 3: a counter
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/counter:page-views" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"ad-campaign-dc1","count":5}' | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/counter:page-views" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"ad-campaign-dc2","count":3}' | base64)'"}'

# Scenario 4: an old write arrives late
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/lww:feature-flag" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"value":true,"timestamp":2000,"replica":"ad-campaign-dc1"}' | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/lww:feature-flag" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"value":false,"timestamp":1000,"replica":"ad-campaign-dc2"}' | base64)'"}'

# Scenario 5: counters are independent
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/counter:api-calls" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"ad-campaign-dc1","count":100}' | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/counter:api-calls" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"ad-campaign-dc2","count":75}' | base64)'"}'
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/counter:db-queries" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"ad-campaign-dc1","count":250}' | base64)'"}'

# Use case 1: presence
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/lww:user:alice:status" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n "{\"value\":\"online\",\"timestamp\":$(date +%s)000,\"replica\":\"us-east-1\"}" | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/lww:user:alice:status" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n "{\"value\":\"away\",\"timestamp\":$(($(date +%s)+5))000,\"replica\":\"eu-west-1\"}" | base64)'"}'

# Use case 2: analytics
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/counter:campaign-123:impressions" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"us-east-1","count":1500}' | base64)'"}'
curl -X PUT "http://localhost:8002/api/v1/ad-campaign-dc2/kv/counter:campaign-123:impressions" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n '{"replica":"eu-west-1","count":2300}' | base64)'"}'

# Use case 3: feature flags
curl -X PUT "http://localhost:8001/api/v1/ad-campaign-dc1/kv/lww:feature:new-ui" \
-H "Content-Type: application/json" \
-d '{"value": "'$(echo -n "{\"value\":true,\"timestamp\":$(date +%s)000,\"replica\":\"control-plane\"}" | base64)'"}'

# Reading from the relayer
curl "http://localhost:8003/api/v1/ad-campaign-dc1/kv/lww:user-status" | jq
echo "eyJ2YWx1ZSI6ImF3YXkiLCJ0aW1lc3RhbXAiOjE2OTg3NjU0MzMwMDAsInJlcGxpY2EiOiJhZC1jYW1wYWlnbi1kYzIifQ==" | base64 -d | jq
