// Preloaded into a server: a clock that is wrong, a disk that is full, calls that fail or hang, and
// points at which the process kills itself.
//
// What is to go wrong stands in a file that is mapped here, so that a test changes it while the
// server runs (faults.py).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum moment { kNever, kBefore, kHalfway, kAfter, kFails };

struct faults {
  volatile int64_t clock_offset_ms;
  volatile int64_t free_bytes;  // Of the disk; below 0: as many as one likes.
  volatile int64_t syncs_wait;  // As long as this is set.
  volatile int64_t syncs;       // How often a sync was asked for.
  // A kill takes with it what was not synced of the log, as the end of a machine does.
  volatile int64_t loses_unsynced;
  volatile int64_t moment;      // Of the point: an enum moment.
  volatile int64_t calls_left;  // Of these calls the last one is meant; where they fail: all.
  char call[32];                // Patterns.
  char file[64];
};

static struct faults nothing = {.free_bytes = -1};
static struct faults *faults = &nothing;

#define REAL(name)                                                             \
  ({                                                                           \
    static __typeof__(&name) original;                                         \
    if (original == NULL) original = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    original;                                                                  \
  })

// What this file does itself goes past its own calls.
#define open REAL(open)
#define pwrite REAL(pwrite)
#define pread REAL(pread)
#define ftruncate REAL(ftruncate)
#define unlink REAL(unlink)
#include "unsynced_writes.h"

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("MERIDIAN_TEST_FAULTS");
  if (path == NULL) return;
  const int descriptor = open(path, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) abort();
  void *shared =
      mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (shared == MAP_FAILED) abort();
  faults = shared;
  close(descriptor);
}

#undef open
#undef pwrite
#undef pread
#undef ftruncate
#undef unlink

// ---- The clock ----------------------------------------------------------------------------------

int clock_gettime(clockid_t clock, struct timespec *time) {
  const int result = REAL(clock_gettime)(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) {
    const int64_t offset = faults->clock_offset_ms;
    int64_t nanoseconds = time->tv_nsec + offset % 1000 * 1000000;
    time->tv_sec += offset / 1000 + nanoseconds / 1000000000;
    nanoseconds %= 1000000000;
    if (nanoseconds < 0) {
      nanoseconds += 1000000000;
      --time->tv_sec;
    }
    time->tv_nsec = nanoseconds;
  }
  return result;
}

// ---- Points -------------------------------------------------------------------------------------

static int is_point(enum moment moment, const char *call, const char *path) {
  return faults->moment == moment && fnmatch(faults->call, call, 0) == 0 &&
         fnmatch(faults->file, path, 0) == 0;
}

static int is_reached(enum moment moment, const char *call, const char *path) {
  return is_point(moment, call, path) &&
         __atomic_sub_fetch(&faults->calls_left, 1, __ATOMIC_SEQ_CST) == 0;
}

static void die(void) {
  if (faults->loses_unsynced) lose_unsynced();
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Of an open file. Nobody asks where nothing is to happen.
static const char *path_of(int descriptor, char *path) {
  path[0] = '\0';
  if (faults->moment == kNever && !faults->loses_unsynced) return path;
  char name[32];
  snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(name, path, PATH_MAX - 1);
  path[size < 0 ? 0 : size] = '\0';
  return path;
}

// A call, `whole`, with all that may happen to it; `half` does a part of it.
#define CALL(name, path, half, whole)                         \
  ({                                                          \
    if (is_point(kFails, name, path)) {                       \
      errno = EIO;                                            \
      return -1;                                              \
    }                                                         \
    if (is_reached(kBefore, name, path)) die();               \
    if (is_reached(kHalfway, name, path)) {                   \
      half;                                                   \
      die();                                                  \
    }                                                         \
    const __typeof__(whole) result = whole;                   \
    const int error = errno;                                  \
    if (result >= 0 && is_reached(kAfter, name, path)) die(); \
    errno = error;                                            \
    result;                                                   \
  })

// ---- The disk -----------------------------------------------------------------------------------

static int64_t size_of(int descriptor) {
  struct stat info;
  return fstat(descriptor, &info) == 0 ? info.st_size : 0;
}

// Takes what makes a file `size` bytes long. 0 where the disk is full.
static int take(int descriptor, int64_t size) {
  if (faults->free_bytes < 0) return 1;
  const int64_t more = size - size_of(descriptor);
  if (more <= 0) return 1;
  if (more > faults->free_bytes) return 0;
  faults->free_bytes -= more;
  return 1;
}

static void give_back(int64_t bytes) {
  if (faults->free_bytes >= 0) faults->free_bytes += bytes;
}

static int open_noted(const char *path, int flags, mode_t mode) {
  const int notes = faults->loses_unsynced && (flags & O_CREAT) && is_segment(path);
  if (!notes) return REAL(open)(path, flags, mode);
  pthread_mutex_lock(&changes_lock);
  const int is_new = access(path, F_OK) != 0;
  const int descriptor = REAL(open)(path, flags, mode);
  if (is_new && descriptor >= 0) note_change(kCreated, path);
  pthread_mutex_unlock(&changes_lock);
  return descriptor;
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return CALL(flags & O_CREAT ? "create" : "open", path, , open_noted(path, flags, mode));
}

static int preallocate(int descriptor, off_t size, const char *path) {
  const int notes = faults->loses_unsynced && is_segment(path) && size > size_of(descriptor);
  if (notes) {
    pthread_mutex_lock(&changes_lock);
    note_change(kGrown, path)->offset = size_of(descriptor);
  }
  const int error = REAL(posix_fallocate)(descriptor, 0, size);
  if (notes) pthread_mutex_unlock(&changes_lock);
  return error;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  if (!take(descriptor, offset + length)) return ENOSPC;
  return CALL("posix_fallocate", path, , preallocate(descriptor, offset + length, path));
}

static ssize_t pwrite_noted(int descriptor, const void *bytes, size_t count, off_t offset,
                            const char *path) {
  const int notes = faults->loses_unsynced && is_segment(path);
  if (notes) {
    pthread_mutex_lock(&changes_lock);
    note_write(descriptor, path, offset, count);
  }
  const ssize_t written = REAL(pwrite)(descriptor, bytes, count, offset);
  if (notes) pthread_mutex_unlock(&changes_lock);
  return written;
}

// A segment's header stands first in it, and nothing but a seal has 8 bytes.
static const char *name_of_write(const char *path, size_t count, off_t offset) {
  if (faults->moment == kNever || !is_segment(path)) return "pwrite";
  return offset == 0 ? "pwrite-header" : count == 8 ? "pwrite-seal" : "pwrite";
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  if (!take(descriptor, offset + (off_t)count)) {
    errno = ENOSPC;
    return -1;
  }
  return CALL(name_of_write(path, count, offset), path,
              (void)!REAL(pwrite)(descriptor, bytes, count / 2, offset),
              pwrite_noted(descriptor, bytes, count, offset, path));
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  return CALL("write", path, (void)!REAL(write)(descriptor, bytes, count / 2),
              REAL(write)(descriptor, bytes, count));
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  return CALL("pread", path, , REAL(pread)(descriptor, bytes, count, offset));
}

int ftruncate(int descriptor, off_t size) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  return CALL("ftruncate", path, , REAL(ftruncate)(descriptor, size));
}

int rename(const char *from, const char *to) {
  return CALL("rename", to, , REAL(rename)(from, to));
}

int unlink(const char *path) {
  struct stat info;
  const int64_t bytes = stat(path, &info) == 0 ? info.st_size : 0;
  const int result = CALL("unlink", path, , REAL(unlink)(path));
  if (result == 0) give_back(bytes);
  return result;
}

static int synced(int descriptor, int (*sync)(int), const char *path) {
  const int64_t number = changes_until_now();
  const int result = sync(descriptor);
  if (result == 0) forget_synced(path, number);
  return result;
}

static int sync_named(const char *name, int (*sync)(int), int descriptor) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  __atomic_fetch_add(&faults->syncs, 1, __ATOMIC_SEQ_CST);
  while (faults->syncs_wait) usleep(1000);
  return CALL(name, path, , synced(descriptor, sync, path));
}

int fdatasync(int descriptor) {
  return sync_named("fdatasync", REAL(fdatasync), descriptor);
}

int fsync(int descriptor) {
  return sync_named("fsync", REAL(fsync), descriptor);
}

// ---- Clients ------------------------------------------------------------------------------------

ssize_t send(int descriptor, const void *bytes, size_t count, int flags) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  return CALL("send", path, (void)!REAL(send)(descriptor, bytes, count / 2, flags),
              REAL(send)(descriptor, bytes, count, flags));
}
