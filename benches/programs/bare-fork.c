// The physical limit of a capture by fork: the bare fork(2) of this same process with its V8 heap in it, and
// nothing else. Compiled by fork.bench.js with cc; the few declarations of Node-API stand here so that no
// headers are needed.

#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
extern int napi_create_double(napi_env, double, napi_value *);
extern int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);

#define MOST 65536
static struct { void *start; size_t size; } ranges[MOST];
static size_t count;

// The mappings that Node marks MADV_DONTFORK: `dc` in their VmFlags.
static void scan(void) {
  FILE *smaps = fopen("/proc/self/smaps", "r");
  char line[4096];
  unsigned long start = 0, end = 0, from, to;
  count = 0;
  while (smaps && fgets(line, sizeof line, smaps)) {
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
      start = from;
      end = to;
    } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dc") && count < MOST) {
      ranges[count].start = (void *)start;
      ranges[count++].size = end - start;
    }
  }
  if (smaps) fclose(smaps);
}

static void advise(int advice) {
  for (size_t i = 0; i < count; i++) madvise(ranges[i].start, ranges[i].size, advice);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

// () → milliseconds of fork() alone, as the parent feels it; -1 if it failed.
static napi_value bare_fork(napi_env env, napi_callback_info info) {
  napi_value result = NULL;
  (void)info;
  scan();
  advise(MADV_DOFORK);
  double begun = now();
  pid_t child = fork();
  if (child == 0) _exit(0);
  double took = now() - begun;
  advise(MADV_DONTFORK);
  if (child > 0) waitpid(child, NULL, 0);
  napi_create_double(env, child > 0 ? took : -1, &result);
  return result;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  (void)exports;
  napi_value function = NULL;
  napi_create_function(env, "bareFork", (size_t)-1, bare_fork, NULL, &function);
  return function;
}
