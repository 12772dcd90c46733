/* Preloaded into Node by capture/fork/hung.test.js: faults that cannot be had at will otherwise.
 *
 * HANG_FORKS=N     the first N forked children wait for a lock that nobody holds, before fork() returns
 * SPIN_FORKS=N     the same, but they spin
 * SLOW_FORKS=MS    each fork holds its thread up for so long
 * BUSY_THREAD=1    a thread that never sleeps, older than any of Node's
 * REFUSE_DOFORK=1  madvise(MADV_DOFORK) fails with EPERM, as under a strict seccomp filter
 *
 * Only what calls fork() is concerned: Node starts child processes that way too, so the program must not. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int forks;
static int hang;
static int spin;
static int slow;

/* In the parent, so that the count outlives the child. */
static void before (void) {
  forks++;
  usleep(slow * 1000);
}

static void *busy (void *nothing) {
  static volatile int round;
  setpriority(PRIO_PROCESS, 0, 19); /* The calling thread's. */
  for (;;) round++;
  return nothing;
}

static void in_child (void) {
  static int lock;
  static volatile int round;
  if (forks <= spin) {
    for (;;) round++;
  }
  if (forks <= hang) {
    for (;;) syscall(SYS_futex, &lock, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
  }
}

__attribute__((constructor)) static void begin (void) {
  const char *count = getenv("HANG_FORKS");
  hang = count ? atoi(count) : 0;
  count = getenv("SPIN_FORKS");
  spin = count ? atoi(count) : 0;
  count = getenv("SLOW_FORKS");
  slow = count ? atoi(count) : 0;
  if (getenv("BUSY_THREAD")) {
    pthread_t thread;
    pthread_create(&thread, NULL, busy, NULL);
  }
  if (hang > 0 || spin > 0 || slow > 0) pthread_atfork(before, NULL, in_child);
}

int madvise (void *address, size_t length, int advice) {
  if (advice == MADV_DOFORK && getenv("REFUSE_DOFORK")) {
    errno = EPERM;
    return -1;
  }
  return (int) syscall(SYS_madvise, address, length, advice);
}
