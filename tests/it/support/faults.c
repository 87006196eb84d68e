/* Preloaded into loa by the crash tests: counts what the program changes below one folder, and at the n-th
 * change does what a failing disk or a failing power supply does.
 *
 * LOA_FAULT_ROOT  the folder that counts
 * LOA_FAULT       MODE:N[:SEED]
 *   count           nothing fails; at the end the number of changes goes to LOA_FAULT_ROOT/../changes
 *   kill            the process dies instead of the change
 *   kill-after      the process dies behind it
 *   torn            half of the change is made, then the process dies
 *   fail            the change is not made and reported as failed
 *   fail-stored     the change is made and reported as failed
 *   hang            changes of the log wait for ever while there is a file LOA_FAULT_ROOT/../hang
 *   full            the disk has no room for changes of the log while there is a file LOA_FAULT_ROOT/../full;
 *                   the index of SQLite's write-ahead log has some, given up by the reserve
 *   closed          the disk takes no change at all while there is a file LOA_FAULT_ROOT/../closed
 *                   (each of these three heeds the marks of the others as well, and LOA_FAULT_ROOT/../names: while it
 *                   is there, LOA_FAULT_ROOT has no inode for more files than the number in it)
 *   power           the power goes instead of the change: of everything that was not synced yet, a part that
 *                   SEED chooses is lost, the last write that stays may be torn
 * LOA_PULLED      N:FOLDER: the N-th read of a file below the folder fails, and each behind it: a stick that was pulled
 * LOA_ROOM        a file: while it is there, every disk says that it has room for as many more bytes as the number in it
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

typedef enum { COUNT, KILL, KILL_AFTER, TORN, FAIL, FAIL_STORED, POWER, HANG, FULL, CLOSED } Mode;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Mode mode = COUNT;
static long at = -1, changes = 0;
static unsigned long long seed = 1;
static char root[PATH_MAX];
static int ready = 0;

/* What a write or a cut replaced, to be put back when the power goes before a sync. */
typedef struct Undo {
    dev_t dev;
    ino_t ino;
    char path[PATH_MAX];
    off_t offset, old_size;
    size_t length;
    char *old;
    int synced;
    struct Undo *before;
} Undo;
static Undo *undo = NULL;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void start(void) {
    if (ready) return;
    ready = 1;
    const char *folder = getenv("LOA_FAULT_ROOT"), *fault = getenv("LOA_FAULT");
    if (!folder || !fault || !realpath(folder, root)) { root[0] = 0; return; }
    char name[32] = "";
    sscanf(fault, "%31[a-z-]:%ld:%llu", name, &at, &seed);
    const char *names[] = {"count", "kill", "kill-after", "torn", "fail", "fail-stored", "power", "hang", "full", "closed"};
    for (int i = 0; i < 10; i++)
        if (!strcmp(name, names[i])) mode = (Mode)i;
}

static unsigned long long chance(void) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return seed >> 33;
}

static int below(const char *path) {
    size_t n = strlen(root);
    return n && !strncmp(path, root, n) && (path[n] == '/' || !path[n]);
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0) return 0;
    path[n] = 0;
    struct stat meta;
    return below(path) && !fstat(fd, &meta) && S_ISREG(meta.st_mode);
}

static void keep(int fd, const char *path, off_t offset, size_t length) {
    struct stat meta;
    if (mode != POWER || fstat(fd, &meta)) return;
    Undo *u = calloc(1, sizeof *u);
    u->dev = meta.st_dev, u->ino = meta.st_ino, u->offset = offset, u->old_size = meta.st_size;
    strncpy(u->path, path, PATH_MAX - 1);
    u->old = calloc(1, length + 1);
    /* The descriptor may be write-only: look through another one. */
    int look = REAL(open)(path, O_RDONLY);
    ssize_t n = look >= 0 && offset < meta.st_size ? pread(look, u->old, length, offset) : 0;
    if (look >= 0) close(look);
    u->length = n > 0 ? (size_t)n : 0;
    u->before = undo, undo = u;
}

static void power_cut(void) {
    /* Newest first. A lost write takes no earlier one with it: disks reorder. */
    int cut = (int)(chance() % 4);
    for (Undo *u = undo; u; u = u->before) {
        if (u->synced) continue;
        int lose = cut == 0 ? 1 : cut == 1 ? 0 : (int)(chance() % 2);
        if (!lose) continue;
        struct stat meta;
        int fd = REAL(open)(u->path, O_WRONLY);
        if (fd < 0) continue;
        if (!fstat(fd, &meta) && meta.st_ino == u->ino) {
            size_t back = u->length;
            if (cut == 3) back /= 2; /* torn: only the first half of it is as before */
            if (REAL(pwrite64)(fd, u->old, back, u->offset) < 0 && back) abort();
            if (cut != 3 && meta.st_size > u->old_size && REAL(ftruncate64)(fd, u->old_size)) abort();
        }
        close(fd);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Before a change; says whether to make it (1), make half of it (2), or report a failure (0, -1 after it). */
static int change(void) {
    long n = changes++;
    if (n != at) return 1;
    switch (mode) {
    case KILL: kill(getpid(), SIGKILL); for (;;) pause();
    case POWER: power_cut(); return 1;
    case TORN: return 2;
    case KILL_AFTER: return 3;
    case FAIL: return 0;
    case FAIL_STORED: return -1;
    default: return 1;
    }
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/* Waits while the log's disk hangs; otherwise the error while it takes nothing, or 0. */
static int waits(const char *path) {
    char mark[PATH_MAX + 16];
    if (mode < HANG) return 0;
    snprintf(mark, sizeof mark, "%s/../closed", root);
    if (!access(mark, F_OK)) return EROFS;
    if (!strstr(path, "/log.db")) return 0;
    snprintf(mark, sizeof mark, "%s/../hang", root);
    while (!access(mark, F_OK)) usleep(10000);
    snprintf(mark, sizeof mark, "%s/../full", root);
    if (strstr(path, "/log.db-shm")) return 0;
    return access(mark, F_OK) ? 0 : ENOSPC;
}

#define GUARDED(type, fd, keeping, real, half)                                                            \
    start();                                                                                              \
    char path[PATH_MAX];                                                                                  \
    if (!root[0] || !path_of(fd, path)) return real;                                                      \
    if ((errno = waits(path)) != 0) return -1;                                                            \
    pthread_mutex_lock(&lock);                                                                            \
    int how = change();                                                                                   \
    type result = -1;                                                                                     \
    if (how == 1 || how == 3 || how == -1) { keeping; result = real; }                                    \
    if (how == 2) { keeping; result = half; (void)result; die(); }                                        \
    if (how == 3) die();                                                                                  \
    if (how == 0 || how == -1) { result = -1; errno = EIO; }                                              \
    pthread_mutex_unlock(&lock);                                                                          \
    return result

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t offset) {
    GUARDED(ssize_t, fd, keep(fd, path, offset, n), REAL(pwrite64)(fd, bytes, n, offset),
            REAL(pwrite64)(fd, bytes, n / 2, offset));
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset) { return pwrite64(fd, bytes, n, offset); }

ssize_t read(int fd, void *bytes, size_t n) {
    static long reads = 0;
    const char *pulled = getenv("LOA_PULLED"), *folder = pulled ? strchr(pulled, ':') : NULL;
    char link[64], path[PATH_MAX];
    if (folder++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, PATH_MAX - 1);
        path[length < 0 ? 0 : length] = 0;
        if (!strncmp(path, folder, strlen(folder)) && reads++ >= atol(pulled)) { errno = EIO; return -1; }
    }
    return REAL(read)(fd, bytes, n);
}

ssize_t write(int fd, const void *bytes, size_t n) {
    GUARDED(ssize_t, fd, keep(fd, path, lseek(fd, 0, SEEK_CUR), n), REAL(write)(fd, bytes, n),
            REAL(write)(fd, bytes, n / 2));
}

int ftruncate64(int fd, off64_t size) {
    GUARDED(int, fd, keep(fd, path, size, 1 << 20), REAL(ftruncate64)(fd, size), -1);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static void synced(int fd) {
    struct stat meta;
    if (fstat(fd, &meta)) return;
    for (Undo *u = undo; u; u = u->before)
        if (u->dev == meta.st_dev && u->ino == meta.st_ino) u->synced = 1;
}

int fsync(int fd) {
    GUARDED(int, fd, (void)0, (synced(fd), REAL(fsync)(fd)), -1);
}
int fdatasync(int fd) {
    GUARDED(int, fd, (void)0, (synced(fd), REAL(fdatasync)(fd)), -1);
}

#define NAMED(name_of, real)                                                                              \
    start();                                                                                              \
    char path[PATH_MAX];                                                                                  \
    if (!root[0] || !realpath_of_parent(name_of, path)) return real;                                      \
    if ((errno = waits(path)) != 0) return -1;                                                            \
    pthread_mutex_lock(&lock);                                                                            \
    int how = change(), result = -1;                                                                      \
    if (how == 1 || how == 3 || how == -1) result = real;                                                 \
    if (how == 2 || how == 3) die();                                                                      \
    if (how == 0 || how == -1) { result = -1; errno = EIO; }                                              \
    pthread_mutex_unlock(&lock);                                                                          \
    return result

static int realpath_of_parent(const char *name, char *path) {
    char copy[PATH_MAX];
    strncpy(copy, name, PATH_MAX - 1), copy[PATH_MAX - 1] = 0;
    char *slash = strrchr(copy, '/');
    if (slash) *slash = 0;
    return realpath(slash ? (slash == copy ? "/" : copy) : ".", path) && below(path);
}

/* Whether the folder has no inode left for a new file called `name`; `clock.c` has the other way to make one. */
int nameless(const char *name) {
    char path[PATH_MAX], mark[PATH_MAX + 16];
    start();
    if (!root[0] || mode < HANG || !access(name, F_OK) || !realpath_of_parent(name, path) || strcmp(path, root))
        return 0;
    snprintf(mark, sizeof mark, "%s/../names", root);
    FILE *file = fopen(mark, "r");
    if (!file) return 0;
    long most = 0, there = -2;
    if (fscanf(file, "%ld", &most) != 1) most = LONG_MAX;
    fclose(file);
    DIR *folder = opendir(root);
    while (folder && readdir(folder)) there++;
    if (folder) closedir(folder);
    return there >= most;
}

int open(const char *name, int flags, ...) {
    mode_t bits = 0;
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list rest;
        va_start(rest, flags);
        bits = va_arg(rest, mode_t);
        va_end(rest);
    }
    if ((flags & O_CREAT) && nameless(name)) { errno = ENOSPC; return -1; }
    return REAL(open)(name, flags, bits);
}

int bind(int fd, const struct sockaddr *at, socklen_t length) {
    if (at->sa_family == AF_UNIX && nameless(((const struct sockaddr_un *)at)->sun_path)) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(bind)(fd, at, length);
}

int rename(const char *from, const char *to) { NAMED(to, REAL(rename)(from, to)); }
int unlink(const char *name) { NAMED(name, REAL(unlink)(name)); }

__attribute__((destructor)) static void tell(void) {
    if (!ready || !root[0] || mode != COUNT) return;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/../changes", root);
    FILE *file = fopen(path, "w");
    if (file) fprintf(file, "%ld\n", changes), fclose(file);
}

int statvfs64(const char *path, struct statvfs64 *said) {
    int result = REAL(statvfs64)(path, said);
    const char *mark = getenv("LOA_ROOM");
    FILE *file = result || !mark ? NULL : fopen(mark, "r");
    if (!file) return result;
    unsigned long long bytes = 0;
    if (fscanf(file, "%llu", &bytes) == 1) said->f_bavail = bytes / said->f_frsize;
    fclose(file);
    return result;
}
int statvfs(const char *path, struct statvfs *said) { return statvfs64(path, (struct statvfs64 *)said); }
