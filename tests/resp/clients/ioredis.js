// The `ioredis` package against a node: `node ioredis.js PORT`, with the package on NODE_PATH. Prints "ok".
const assert = require("node:assert");
const Redis = require("ioredis");

async function main() {
  const redis = new Redis({ port: Number(process.argv[2]), host: "127.0.0.1", keyPrefix: "ioredis:" });
  assert.equal(await redis.set("k", "v", "EX", 100), "OK");
  assert.equal(await redis.get("k"), "v");
  assert.ok((await redis.ttl("k")) > 90);
  assert.equal(await redis.set("k", "w", "NX"), null);
  await redis.hset("h", { a: 1, b: "two" });
  assert.deepEqual(await redis.hgetall("h"), { a: "1", b: "two" });
  assert.equal(await redis.hincrby("h", "a", 4), 5);
  assert.equal(await redis.sadd("s", "x", "y"), 2);
  assert.deepEqual((await redis.smembers("s")).sort(), ["x", "y"]);
  await redis.zadd("z", 1, "a", 2.5, "b");
  assert.deepEqual(await redis.zrange("z", 0, -1, "WITHSCORES"), ["a", "1", "b", "2.5"]);
  await redis.rpush("l", 1, 2, 3);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["1", "2", "3"]);
  await assert.rejects(redis.incr("l"), /WRONGTYPE/);

  const piped = await redis.pipeline().incr("n").incr("n").get("n").exec();
  assert.deepEqual(piped, [[null, 1], [null, 2], [null, "2"]]);
  const done = await redis.multi().set("a", "1").incr("a").get("a").exec();
  assert.deepEqual(done, [[null, "OK"], [null, 2], [null, "2"]]);
  await redis.watch("a");
  await redis.set("a", "other");
  assert.equal(await redis.multi().set("a", "mine").exec(), null);

  const found = new Set();
  for await (const keys of redis.scanStream({ match: "ioredis:*", count: 3 })) keys.forEach((key) => found.add(key));
  assert.deepEqual([...found].sort(), ["a", "h", "k", "l", "n", "s", "z"].map((key) => "ioredis:" + key));

  const listener = new Redis({ port: Number(process.argv[2]), host: "127.0.0.1" });
  const heard = new Promise((resolve) => listener.on("pmessage", (...words) => resolve(words)));
  await listener.psubscribe("news.*");
  assert.equal(await redis.publish("news.today", "rain"), 1);
  assert.deepEqual(await heard, ["news.*", "news.today", "rain"]);
  await listener.quit();
  await redis.quit();
}

main().then(() => console.log("ok"), (error) => { console.error(error); process.exit(1); });
