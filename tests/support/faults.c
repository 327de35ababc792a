// Preloaded into a server: a clock that is wrong, a disk that is full, an fsync that fails or hangs.
//
// What is to go wrong stands in a file of five numbers that is mapped here, so that a test changes
// it while the server runs (faults.py).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct faults {
  volatile int64_t clock_offset_ms;
  volatile int64_t free_bytes;  // Of the disk; below 0: as many as one likes.
  volatile int64_t sync_fails;
  volatile int64_t syncs_wait;  // As long as this is set.
  volatile int64_t syncs;       // How often a sync was asked for.
};

static struct faults nothing = {0, -1, 0, 0, 0};
static struct faults *faults = &nothing;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
  return dlsym(RTLD_NEXT, name);
}

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

// ---- The clock ----------------------------------------------------------------------------------

int clock_gettime(clockid_t clock, struct timespec *time) {
  static __typeof__(&clock_gettime) original;
  if (original == NULL) original = REAL(clock_gettime);
  const int result = original(clock, time);
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

int posix_fallocate(int descriptor, off_t offset, off_t length) {
  if (!take(descriptor, offset + length)) return ENOSPC;
  return REAL(posix_fallocate)(descriptor, offset, length);
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
  return posix_fallocate(descriptor, offset, length);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  static __typeof__(&pwrite) original;
  if (original == NULL) original = REAL(pwrite);
  if (!take(descriptor, offset + (off_t)count)) {
    errno = ENOSPC;
    return -1;
  }
  return original(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}

int unlink(const char *path) {
  struct stat info;
  const int64_t bytes = stat(path, &info) == 0 ? info.st_size : 0;
  const int result = REAL(unlink)(path);
  if (result == 0) give_back(bytes);
  return result;
}

static int sync_fails(void) {
  __atomic_fetch_add(&faults->syncs, 1, __ATOMIC_SEQ_CST);
  while (faults->syncs_wait) usleep(1000);
  if (!faults->sync_fails) return 0;
  errno = EIO;
  return 1;
}

int fdatasync(int descriptor) {
  return sync_fails() ? -1 : REAL(fdatasync)(descriptor);
}

int fsync(int descriptor) {
  return sync_fails() ? -1 : REAL(fsync)(descriptor);
}
