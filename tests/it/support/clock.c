/* Preloaded into loa beside faults.c: the clocks of the machine as a test sets them. libfaketime would move
 * CLOCK_MONOTONIC along with the others, knows neither a suspended machine nor a boot, and leaves the kernel's
 * word on synchronisation as it is; so this is our own.
 *
 * LOA_CLOCK  a file that the test writes (tests/it/support/clock.rs): which of two settings holds, and both of
 *            them, so that none is read half written. Beside it, under the same name with `.boot`, the boot id.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What is added to CLOCK_REALTIME, to CLOCK_BOOTTIME, and to CLOCK_MONOTONIC_COARSE by which loa tells time awake,
 * nanoseconds; whether the kernel believes its clock. CLOCK_MONOTONIC is left alone: the kernel waits by it. */
typedef struct { int64_t wall_ns, boot_ns, awake_ns, synchronised; } Setting;
typedef struct { volatile uint64_t which; volatile Setting settings[2]; } Clocks;

static Clocks *clocks = NULL;
static int (*real_gettime)(clockid_t, struct timespec *) = NULL;

__attribute__((constructor)) static void start(void) {
    real_gettime = REAL(clock_gettime);
    const char *file = getenv("LOA_CLOCK");
    int fd = file ? REAL(open)(file, O_RDONLY) : -1;
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof(Clocks), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED) clocks = shared;
}

static int setting(Setting *found) {
    if (!clocks) return 0;
    for (;;) {
        uint64_t which = clocks->which;
        __sync_synchronize();
        volatile Setting *now = &clocks->settings[which % 2];
        *found = (Setting){now->wall_ns, now->boot_ns, now->awake_ns, now->synchronised};
        __sync_synchronize();
        if (which == clocks->which) return 1;
    }
}

int clock_gettime(clockid_t id, struct timespec *time) {
    if (!real_gettime) real_gettime = REAL(clock_gettime);
    Setting now;
    int result = real_gettime(id, time);
    if (result || !setting(&now)) return result;
    int64_t add = 0;
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI) add = now.wall_ns;
    if (id == CLOCK_BOOTTIME) add = now.boot_ns;
    if (id == CLOCK_MONOTONIC_COARSE) add = now.awake_ns;
    int64_t ns = time->tv_nsec + add % 1000000000, carry = ns < 0 ? -1 : ns >= 1000000000;
    time->tv_sec += add / 1000000000 + carry;
    time->tv_nsec = ns - carry * 1000000000;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec time;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &time)) return -1;
    now->tv_sec = time.tv_sec, now->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec time;
    if (clock_gettime(CLOCK_REALTIME, &time)) return -1;
    if (now) *now = time.tv_sec;
    return time.tv_sec;
}

int adjtimex(struct timex *state) {
    Setting now;
    int result = REAL(adjtimex)(state);
    if (!setting(&now)) return result;
    state->status = now.synchronised ? state->status & ~STA_UNSYNC : state->status | STA_UNSYNC;
    state->maxerror = now.synchronised ? 500 : 16000000;
    return now.synchronised ? TIME_OK : TIME_ERROR;
}

int nameless(const char *name);

/* The boot id is a file of the kernel's. */
int open64(const char *path, int flags, ...) {
    static char own[4096];
    mode_t mode = 0;
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if ((flags & O_CREAT) && nameless(path)) { errno = ENOSPC; return -1; }
    if (clocks && !strcmp(path, "/proc/sys/kernel/random/boot_id")) {
        snprintf(own, sizeof own, "%s.boot", getenv("LOA_CLOCK"));
        if (!access(own, R_OK)) path = own;
    }
    return REAL(open64)(path, flags, mode);
}
