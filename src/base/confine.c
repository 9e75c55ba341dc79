/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walls of a jail. Most of them would do alone; the last, the filter of system calls, is the one that counts. Must not
 * allocate, nor call what takes a lock: other threads of the process we are a copy of may have held it.
 *
 * The filter is written out here rather than made by libseccomp: that takes three times as long, for every guest, and allocates.
 * Facts: linux/Documentation/userspace-api/seccomp_filter.rst and landlock.rst; prlimit(2), capset(2).
 */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/privilege.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define AUDIT_ARCH_OURS AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCH_OURS AUDIT_ARCH_AARCH64
#else
#error "which numbers system calls have is to be said here"
#endif

/* Descriptors come in by a message, and take the lowest free numbers. */
#define MAX_DESCRIPTORS 16u
#define MAX_STACK_BYTES (8u << 20)
/* From the signal that ends who took too long, which it can't refuse, to the one that nobody survives. Long: where a host takes its
 * processors away for seconds, the kernel may see both limits passed at once and send the second, which says less. */
#define CPU_GRACE_SECONDS 60u
/* What the sanitizer keeps back of freed memory, and its own tables. */
#define SANITIZER_BYTES (SANITIZED ? 1ull << 30 : 0ull)

/* All signals came in blocked, and stay so: no handler of the program we are a copy of runs here. A fault is deadly then, whatever
 * its handler is. These two can come all the same. */
static int set_signals(const struct slip_confine *how)
{
    static const int deadly[] = {SIGXCPU, SIGABRT};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    (void)how;
    sigemptyset(&set);
    for (size_t i = 0; i < SLIP_COUNT(deadly); i++) {
        if (sigaction(deadly[i], &action, NULL) < 0)
            return errno;
        sigaddset(&set, deadly[i]);
    }
    return sigprocmask(SIG_UNBLOCK, &set, NULL) < 0 ? errno : 0;
}

static int close_descriptors(const struct slip_confine *how)
{
    unsigned from = 0;

    for (size_t i = 0; i <= how->n_keep; i++) {
        unsigned kept = i < how->n_keep ? (unsigned)how->keep[i] : ~0u;

        /* The sanitizer's report goes to standard error. */
        if (SANITIZED && from <= STDERR_FILENO && kept > STDERR_FILENO) {
            close(0);
            close(1);
            from = STDERR_FILENO + 1;
        }
        if (from < kept && close_range(from, kept - (kept != ~0u), 0) < 0)
            return errno;
        from = kept + 1;
    }
    return 0;
}

/* Bytes of private, writable memory that this process has; 0 if nobody says. */
static uint64_t data_bytes(void)
{
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[256], *at = text;
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    uint64_t pages = 0;

    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    for (unsigned i = 0; i < 6; i++) /* the sixth: data and stack */
        pages = strtoull(at, &at, 10);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Lowers a limit; one that is lower already stays. */
static int limit(int what, uint64_t soft, uint64_t hard)
{
    struct rlimit now;

    if (getrlimit((__rlimit_resource_t)what, &now) < 0)
        return errno;
    now.rlim_max = now.rlim_max < hard ? now.rlim_max : hard;
    soft = soft < now.rlim_max ? soft : now.rlim_max;
    now.rlim_cur = now.rlim_cur < soft ? now.rlim_cur : soft;
    return setrlimit((__rlimit_resource_t)what, &now) < 0 ? errno : 0;
}

/* RLIMIT_DATA counts what a process writes to and shares with nobody, above what we began with; RLIMIT_AS would count the guest's
 * memory too, and the sanitizer's shadow. The filter keeps out the mappings that it does not count. */
static int set_limits(const struct slip_confine *how)
{
    const struct slip_jail_terms *terms = how->terms;
    uint64_t data = data_bytes() + terms->memory_bytes + SANITIZER_BYTES;
    const struct {
        int what;
        uint64_t soft, hard;
    } limits[] = {
        {RLIMIT_CORE, 0, 0},
        {RLIMIT_FSIZE, 0, 0},
        {RLIMIT_NPROC, 0, 0},
        {RLIMIT_MEMLOCK, 0, 0},
        {RLIMIT_NOFILE, MAX_DESCRIPTORS, MAX_DESCRIPTORS},
        {RLIMIT_STACK, MAX_STACK_BYTES, MAX_STACK_BYTES},
        {RLIMIT_DATA, data, data},
        {RLIMIT_CPU, terms->cpu_seconds, terms->cpu_seconds + CPU_GRACE_SECONDS},
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < SLIP_COUNT(limits); i++)
        rc = limit(limits[i].what, limits[i].soft, limits[i].hard);
    return rc;
}

/* A root that may not change its id (of a user namespace with one id, or without that capability) is not the host's, or has no more
 * than its capabilities: they go next, and then all files. */
static int give_up_root(const struct slip_confine *how)
{
    (void)how;
    return slip__privilege_drop(0) || errno == EPERM ? 0 : errno;
}

static int drop_capabilities(const struct slip_confine *how)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    (void)how;
    return syscall(SYS_capset, &header, none) < 0 ? errno : 0;
}

static int end_with_parent(const struct slip_confine *how)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return errno;
    return getppid() == how->parent ? 0 : ESRCH; /* it ended before we asked */
}

/* Nobody but root attaches to it, and it leaves no core file. */
static int hide(const struct slip_confine *how)
{
    (void)how;
    prctl(PR_SET_NAME, "slipway: jail");
    return prctl(PR_SET_DUMPABLE, 0) < 0 ? errno : 0;
}

static int renounce_privileges(const struct slip_confine *how)
{
    (void)how;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : 0;
}

/* As of version 6 of Landlock's interface; earlier ones take a prefix of it. */
struct landlock_attr {
    uint64_t fs, net, scoped;
};

/* A second wall behind the filter, where the kernel has it: nothing is allowed of all that its version of Landlock handles. */
static int shut_off_files(const struct slip_confine *how)
{
    static const struct {
        size_t bytes;
        struct landlock_attr attr;
    } versions[] = {
        {8, {0x1fff, 0, 0}},  /* 1: all that one does to files */
        {8, {0x3fff, 0, 0}},  /* 2: REFER */
        {8, {0x7fff, 0, 0}},  /* 3: TRUNCATE */
        {16, {0x7fff, 3, 0}}, /* 4: BIND_TCP, CONNECT_TCP */
        {16, {0xffff, 3, 0}}, /* 5: IOCTL_DEV */
        {24, {0xffff, 3, 3}}, /* 6: ABSTRACT_UNIX_SOCKET, SIGNAL */
    };
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u), fd;
    int rc;

    (void)how;
    if (version < 1)
        return 0; /* the kernel has none, or a container forbids it */
    if (version > (long)SLIP_COUNT(versions))
        version = (long)SLIP_COUNT(versions);
    fd = syscall(SYS_landlock_create_ruleset, &versions[version - 1].attr,
                 versions[version - 1].bytes, 0u);
    if (fd < 0)
        return errno;
    rc = syscall(SYS_landlock_restrict_self, (int)fd, 0u) < 0 ? errno : 0;
    close((int)fd);
    return rc == E2BIG ? 0 : rc; /* shut off as often as can be */
}

/* All that a reader does: take requests and bytes, answer, allocate, end. mmap, mprotect and tgkill are looked at closer. */
static const unsigned calls[] = {
    SYS_pread64,    SYS_recvfrom,    SYS_recvmsg,       SYS_sendmsg,        SYS_sendto, SYS_munmap,
    SYS_mremap,     SYS_madvise,     SYS_brk,           SYS_futex,          SYS_close,  SYS_getpid,
    SYS_gettid, /* the latter for abort() */
    SYS_exit_group, SYS_exit,        SYS_clock_gettime, SYS_rt_sigprocmask,
#if SANITIZED
    SYS_write,      SYS_sched_yield, SYS_sigaltstack,
#endif
};

#define SECCOMP_ARG(n) ((uint32_t)(offsetof(struct seccomp_data, args) + 8u * (n)))
#define MAX_FILTER     96u

struct program {
    unsigned short count;
    struct sock_filter code[MAX_FILTER];
};

static void put(struct program *p, unsigned short op, uint32_t k, uint8_t yes, uint8_t no)
{
    p->code[p->count++] = (struct sock_filter){op, yes, no, k};
}

static void put_load(struct program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct program *p, uint32_t action)
{
    put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* Ends the process when op says yes to what is loaded. */
static void put_deny(struct program *p, unsigned short op, uint32_t k)
{
    put(p, (unsigned short)(BPF_JMP | BPF_K | op), k, 0, 1);
    put_return(p, SECCOMP_RET_KILL_PROCESS);
}

/* Nothing executable; of memory without a file only what RLIMIT_DATA counts. */
static void put_mmap(struct program *p)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 10);
    put_load(p, SECCOMP_ARG(2));
    put_deny(p, BPF_JSET, PROT_EXEC);
    put_load(p, SECCOMP_ARG(3));
    put_deny(p, BPF_JSET, MAP_GROWSDOWN);
    put(p, BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 0, 0);
    put_deny(p, BPF_JEQ, MAP_SHARED | MAP_ANONYMOUS);
    put_return(p, SECCOMP_RET_ALLOW);
}

static void put_mprotect(struct program *p)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 4);
    put_load(p, SECCOMP_ARG(2));
    put_deny(p, BPF_JSET, PROT_EXEC);
    put_return(p, SECCOMP_RET_ALLOW);
}

/* What abort() ends with. */
static void put_tgkill(struct program *p)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 4);
    put_load(p, SECCOMP_ARG(0));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0);
    put_return(p, SECCOMP_RET_KILL_PROCESS);
    put_return(p, SECCOMP_RET_ALLOW);
}

static int filter_calls(const struct slip_confine *how)
{
    struct program p = {0};
    struct sock_fprog prog = {.filter = p.code};

    (void)how;
    put_load(&p, offsetof(struct seccomp_data, arch));
    put(&p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_OURS, 1, 0);
    put_return(&p, SECCOMP_RET_KILL_PROCESS);
    put_load(&p, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < SLIP_COUNT(calls); i++) {
        put(&p, BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
        put_return(&p, SECCOMP_RET_ALLOW);
    }
    put_mmap(&p);
    put_mprotect(&p);
    put_tgkill(&p);
    put_return(&p, SECCOMP_RET_KILL_PROCESS);
    prog.len = p.count;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0 ? errno : 0;
}

int slip__confine(const struct slip_confine *how, enum slip_confine_step *ret_step)
{
    static int (*const steps[])(const struct slip_confine *how) = {
        [SLIP_CONFINE_SIGNALS] = set_signals,
        [SLIP_CONFINE_DESCRIPTORS] = close_descriptors,
        [SLIP_CONFINE_LIMITS] = set_limits,
        [SLIP_CONFINE_ROOT] = give_up_root,
        [SLIP_CONFINE_CAPABILITIES] = drop_capabilities,
        [SLIP_CONFINE_PARENT] = end_with_parent,
        [SLIP_CONFINE_DUMPABLE] = hide,
        [SLIP_CONFINE_PRIVILEGES] = renounce_privileges,
        [SLIP_CONFINE_LANDLOCK] = shut_off_files,
        [SLIP_CONFINE_SECCOMP] = filter_calls,
    };

    for (size_t i = 0; i < SLIP_CONFINE_COUNT; i++) {
        int rc = steps[i](how);

        *ret_step = (enum slip_confine_step)i;
        if (rc)
            return rc;
    }
    return 0;
}
