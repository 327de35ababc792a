// What of the log's segments is not synced yet, so that a kill can take it away, as a machine that
// goes down does: bytes that were written over, how long a file was, names that are new.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum change_kind { kWritten, kGrown, kCreated };

// The newest first.
struct change {
  struct change* older;
  enum change_kind kind;
  int64_t number;
  char path[PATH_MAX];
  off_t offset;  // Of a file that has grown: its size before.
  size_t size;
  char* bytes;  // That were written over.
};

static struct change* newest_change;
static int64_t changes;
// Held during a change too, so that none is under way when they are taken back.
static pthread_mutex_t changes_lock = PTHREAD_MUTEX_INITIALIZER;

static int is_segment(const char* path) {
  return fnmatch("*/????????????????????.aof", path, 0) == 0;
}

static struct change* note_change(enum change_kind kind, const char* path) {
  struct change* change = calloc(1, sizeof *change);
  change->older = newest_change;
  change->kind = kind;
  change->number = ++changes;
  strncpy(change->path, path, PATH_MAX - 1);
  newest_change = change;
  return change;
}

static void note_write(int descriptor, const char* path, off_t offset, size_t size) {
  struct change* change = note_change(kWritten, path);
  change->offset = offset;
  change->bytes = malloc(size);
  const ssize_t got = pread(descriptor, change->bytes, size, offset);
  change->size = got < 0 ? 0 : (size_t)got;
}

static int64_t changes_until_now(void) {
  pthread_mutex_lock(&changes_lock);
  const int64_t now = changes;
  pthread_mutex_unlock(&changes_lock);
  return now;
}

static int is_in_directory(const char* path, const char* directory) {
  const size_t size = strlen(directory);
  return strncmp(path, directory, size) == 0 && path[size] == '/';
}

// A sync of `path`, which began after `number` changes, is done. A directory's makes names durable.
static void forget_synced(const char* path, int64_t number) {
  pthread_mutex_lock(&changes_lock);
  for (struct change** at = &newest_change; *at != NULL;) {
    struct change* change = *at;
    const int synced = change->kind == kCreated ? is_in_directory(change->path, path)
                                                : strcmp(change->path, path) == 0;
    if (!synced || change->number > number) {
      at = &change->older;
      continue;
    }
    *at = change->older;
    free(change->bytes);
    free(change);
  }
  pthread_mutex_unlock(&changes_lock);
}

static void take_back(const struct change* change) {
  if (change->kind == kCreated) {
    unlink(change->path);
    return;
  }
  const int descriptor = open(change->path, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;  // It is removed.
  if (change->kind == kGrown && ftruncate(descriptor, change->offset) != 0) abort();
  if (change->kind == kWritten &&
      pwrite(descriptor, change->bytes, change->size, change->offset) != (ssize_t)change->size) {
    abort();
  }
  close(descriptor);
}

// The process must end behind it: nothing is written any more.
static void lose_unsynced(void) {
  pthread_mutex_lock(&changes_lock);
  for (const struct change* change = newest_change; change != NULL; change = change->older) {
    take_back(change);
  }
}
