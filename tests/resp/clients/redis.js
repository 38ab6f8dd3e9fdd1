// The `redis` package against a node: `node redis.js PORT`, with the package on NODE_PATH. Prints "ok".
const assert = require("node:assert");
const { createClient, WatchError } = require("redis");

async function main() {
  const client = createClient({ url: `redis://127.0.0.1:${process.argv[2]}` });
  client.on("error", (error) => { throw error; });
  await client.connect();
  assert.equal(await client.set("redis:k", "v", { EX: 100, GET: true }), null);
  assert.equal(await client.getDel("redis:k"), "v");
  assert.equal(await client.incrBy("redis:n", 5), 5);
  assert.equal(await client.incrByFloat("redis:n", 0.5), 5.5);
  await client.hSet("redis:h", { field: "value", other: "1" });
  assert.deepEqual({ ...(await client.hGetAll("redis:h")) }, { field: "value", other: "1" });
  assert.equal(await client.sAdd("redis:s", ["a", "b", "c"]), 3);
  assert.equal((await client.sPop("redis:s", 2)).length, 2);
  await client.zAdd("redis:z", [{ score: 1, value: "one" }, { score: 2, value: "two" }]);
  assert.deepEqual(await client.zRangeWithScores("redis:z", 0, -1),
    [{ value: "one", score: 1 }, { value: "two", score: 2 }]);
  await client.rPush("redis:l", ["1", "2"]);
  assert.equal(await client.lMove("redis:l", "redis:m", "LEFT", "RIGHT"), "1");
  await assert.rejects(client.lLen("redis:n"), /WRONGTYPE/);
  assert.deepEqual(await client.multi().set("redis:a", "1").get("redis:a").exec(), ["OK", "1"]);

  await client.executeIsolated(async (isolated) => {
    await isolated.watch("redis:a");
    await client.set("redis:a", "2");
    await assert.rejects(isolated.multi().set("redis:a", "3").exec(), WatchError);
  });

  const found = [];
  for await (const key of client.scanIterator({ MATCH: "redis:*", TYPE: "hash" })) found.push(key);
  assert.deepEqual(found, ["redis:h"]);

  const listener = client.duplicate();
  await listener.connect();
  let told;
  const heard = new Promise((resolve) => { told = listener.subscribe("redis:news", resolve).then(() => client.publish("redis:news", "sun")); });
  assert.equal(await heard, "sun");
  await told;  // its answer may come after the message
  await listener.disconnect();
  await client.disconnect();
}

main().then(() => console.log("ok"), (error) => { console.error(error); process.exit(1); });
