// hiredis against a node: `hiredis PORT`. Prints "ok".
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "failed: %s\n", what);
  exit(1);
}

static redisReply* ask(redisContext* context, const char* command) {
  redisReply* reply = redisCommand(context, command);
  expect(reply != NULL, command);
  return reply;
}

int main(int argc, char** argv) {
  expect(argc == 2, "a port");
  redisContext* context = redisConnect("127.0.0.1", atoi(argv[1]));
  expect(context != NULL && context->err == 0, "connect");

  redisReply* reply = redisCommand(context, "SET %s %b", "hiredis:k", "a\0b", (size_t)3);
  expect(reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "OK") == 0, "SET");
  freeReplyObject(reply);
  reply = ask(context, "GET hiredis:k");
  expect(reply->type == REDIS_REPLY_STRING && reply->len == 3 && memcmp(reply->str, "a\0b", 3) == 0, "GET");
  freeReplyObject(reply);
  reply = ask(context, "GET hiredis:none");
  expect(reply->type == REDIS_REPLY_NIL, "GET of nothing");
  freeReplyObject(reply);
  reply = ask(context, "LPUSH hiredis:k x");
  expect(reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE ", 10) == 0, "WRONGTYPE");
  freeReplyObject(reply);

  for (int i = 0; i < 1000; ++i) redisAppendCommand(context, "RPUSH hiredis:l %d", i);
  for (int i = 0; i < 1000; ++i) {
    expect(redisGetReply(context, (void**)&reply) == REDIS_OK, "pipeline");
    expect(reply->type == REDIS_REPLY_INTEGER && reply->integer == i + 1, "RPUSH");
    freeReplyObject(reply);
  }
  reply = ask(context, "LRANGE hiredis:l 0 -1");
  expect(reply->type == REDIS_REPLY_ARRAY && reply->elements == 1000, "LRANGE");
  expect(strcmp(reply->element[999]->str, "999") == 0, "the last one");
  freeReplyObject(reply);
  redisFree(context);
  puts("ok");
  return 0;
}
