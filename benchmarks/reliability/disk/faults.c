/* Preloaded: the N-th call that changes files below a folder fails, or kills the process; all of them are logged. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE = 1, FSYNC = 2, RENAME = 4, CLOSE = 8, ALL = 15 };

static char root[4096], text[1 << 20];
static size_t length;
static int kinds, failure, lasting;
static long left;

/* From here on the `number`-th call of `kinds` ends with `error`, and so do all later ones where it `lasts`; an error of
   -1 kills the process before the call. 0 only counts. */
void faults_arm(const char *folder, int of, long number, int error, int lasts)
{
    snprintf(root, sizeof root, "%s/", folder);
    kinds = of, left = number, failure = error, lasting = lasts, length = 0, text[0] = 0;
}

const char *faults_log(void) { return text; }

static int fails(int kind, const char *name, const char *path)
{
    if (!root[0] || strncmp(path, root, strlen(root)))
        return 0;
    if (length < sizeof text - 8192)
        length += (size_t)snprintf(text + length, 8192, "%s %s\n", name, path + strlen(root));
    if (!(kinds & kind))
        return 0;
    long now = __atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST);
    if (!failure || now > 0 || (now < 0 && !lasting))
        return 0;
    if (failure < 0)
        kill(getpid(), SIGKILL);
    errno = failure;
    return 1;
}

static int fails_on(int kind, const char *name, int handle)
{
    char link[64], path[4096];
    if (!root[0])
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t size = readlink(link, path, sizeof path - 2);
    if (size <= 0)
        return 0;
    path[size] = 0;
    strcat(path, strncmp(path, root, strlen(path)) ? "" : "/"); /* the folder itself */
    return fails(kind, name, path);
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int handle, const void *data, size_t size)
{
    return fails_on(WRITE, "write", handle) ? -1 : NEXT(write)(handle, data, size);
}

int fsync(int handle) { return fails_on(FSYNC, "fsync", handle) ? -1 : NEXT(fsync)(handle); }

int fdatasync(int handle) { return fails_on(FSYNC, "fsync", handle) ? -1 : NEXT(fdatasync)(handle); }

int rename(const char *from, const char *to) { return fails(RENAME, "rename", to) ? -1 : NEXT(rename)(from, to); }

int close(int handle)
{
    int failed = fails_on(CLOSE, "close", handle), kept = errno, result = NEXT(close)(handle);
    errno = failed ? kept : errno;
    return failed ? -1 : result;
}
