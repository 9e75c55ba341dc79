/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The jail: what runs in it can answer, and whatever else it does ends it with a message of its own; nothing is left of it. The
 * functions that run inside do what a reader does that was taken over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/jail.h"

#define MIB (1ull << 20)

static const struct slip_jail_terms usual = {.what = "its reader",
                                             .rc = SLIP_EIMAGE,
                                             .memory_bytes = 64 * MIB,
                                             .cpu_seconds = 1,
                                             .reply_ms = 20000};

static unsigned count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* Starts fn and takes its first message. Returns what that returns, with the message's or the error's text in words. */
static int run(const struct slip_jail_terms *terms, slip_jail_fn *fn, void *payload, char *words,
               size_t size, unsigned *ret_code)
{
    unsigned fds = count_fds();
    struct slip_jail jail;
    struct slip_error *err = NULL;
    struct slip_buf reply = {0};
    uint32_t kind = 0;
    int rc = slip__jail_start(&jail, terms, fn, payload, NULL, 0, &err);

    if (rc == 0)
        rc = slip__jail_receive(&jail, 4096, &kind, &reply, &err);
    assert_int_equal(rc < 0, err != NULL);
    snprintf(words, size, "%s", rc < 0 ? slip_error_message(err) : reply.data);
    *ret_code = slip_error_code(err);
    slip__jail_dispose(&jail);
    slip__buf_dispose(&reply);
    slip_error_free(err);
    assert_int_equal(count_fds(), fds);
    no_children();
    return rc;
}

static void answer(int fd, const char *text)
{
    slip__jailed_send(fd, 1, text, strlen(text));
}

static void do_answer(int fd, void *payload)
{
    answer(fd, payload);
}

/* What reading takes is allowed: memory in all sizes, time of day, bytes of what it was given. */
static void do_work(int fd, void *payload)
{
    struct timespec now;
    char byte = 0;

    for (size_t bytes = 16; bytes < 32 * MIB; bytes *= 4) {
        char *p = malloc(bytes);

        if (!p)
            return;
        memset(p, 1, bytes);
        p = realloc(p, bytes * 2);
        free(p);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (pread(*(int *)payload, &byte, 1, 0) == 1)
        answer(fd, &(char[2]){byte}[0]);
}

/* The sanitizers would see it before the processor does. */
__attribute__((no_sanitize("address", "undefined"))) static void do_crash(int fd, void *payload)
{
    (void)fd;
    *(volatile char *)payload = 1;
}

static void do_abort(int fd, void *payload)
{
    (void)fd;
    (void)payload;
    abort();
}

static void do_loop(int fd, void *payload)
{
    (void)fd;
    for (;;)
        *(volatile char *)payload = 1;
}

static void do_wait(int fd, void *payload)
{
    struct slip_buf buf = {0};
    uint32_t kind;

    slip__jailed_receive(fd, 10, &kind, &buf, NULL);
    (void)payload;
}

static void do_allocate(int fd, void *payload)
{
    size_t had = 0;
    char text[40];

    (void)payload;
    for (;; had++) {
        void *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
            break;
    }
    snprintf(text, sizeof(text), "%zu MiB", had);
    answer(fd, text);
}

static void do_end(int fd, void *payload)
{
    (void)fd;
    _exit(*(int *)payload);
}

static void do_hang_up(int fd, void *payload)
{
    close(fd);
    do_loop(fd, payload);
}

static void do_send_long(int fd, void *payload)
{
    static char zeros[5000];

    (void)payload;
    slip__jailed_send(fd, 1, zeros, sizeof(zeros));
}

static void do_fake_refusal(int fd, void *payload)
{
    slip__jailed_send(fd, SLIP_JAIL_KINDS, payload, 8);
}

/* Each does a forbidden thing; where it gets away with it, it answers. */
#define FORBIDDEN(X)                                                                               \
    X(open_file, open("/etc/passwd", O_RDONLY))                                                    \
    X(write_file, open("/tmp/slipway-jail-test", O_WRONLY | O_CREAT, 0600))                        \
    X(make_folder, mkdir("/tmp/slipway-jail-test", 0700))                                          \
    X(remove_file, unlink("/tmp/slipway-jail-test"))                                               \
    X(make_socket, socket(AF_INET, SOCK_STREAM, 0))                                                \
    X(make_unix_socket, socket(AF_UNIX, SOCK_STREAM, 0))                                           \
    X(make_pipe, pipe((int[2]){0}))                                                                \
    X(make_process, fork())                                                                        \
    X(run_program, execl("/bin/true", "true", (char *)NULL))                                       \
    X(kill_parent, kill(getppid(), 0))                                                             \
    X(kill_by_thread, syscall(SYS_tgkill, 1, 1, 0))                                                \
    X(trace, syscall(SYS_ptrace, 0, 0, 0, 0))                                                      \
    X(raise_limit, syscall(SYS_prlimit64, 0, 0, NULL, &(char[64]){0}))                             \
    X(handle_signal, (long)(intptr_t)signal(SIGXCPU, SIG_IGN))                                     \
    X(dup, dup(0))                                                                                 \
    X(ioctl, syscall(SYS_ioctl, 0, 0, 0))                                                          \
    X(old_abi, syscall(0x40000000 | SYS_getpid))                                                   \
    X(make_memfd, memfd_create("x", 0))                                                            \
    X(keys, syscall(SYS_add_key, 0, 0, 0, 0, 0))                                                   \
    X(bpf, syscall(SYS_bpf, 0, 0, 0))                                                              \
    X(map_code,                                                                                    \
      (long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) \
    X(make_code, mprotect(payload, 4096, PROT_READ | PROT_EXEC))                                   \
    X(map_shared,                                                                                  \
      (long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) \
    X(map_stack, (long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE,                          \
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0))

#define DEFINE(name, call)                       \
    static void do_##name(int fd, void *payload) \
    {                                            \
        (void)payload;                           \
        (void)!(call);                           \
        answer(fd, "got away with it");          \
    }
FORBIDDEN(DEFINE)
#undef DEFINE

static void answers(void **state)
{
    char words[200];
    unsigned code;

    (void)state;
    assert_int_equal(run(&usual, do_answer, (void *)"yes", words, sizeof(words), &code), 0);
    assert_string_equal(words, "yes");
    assert_int_equal(run(&usual, do_answer, (void *)"", words, sizeof(words), &code), 0);
    assert_string_equal(words, "");
}

static void works(void **state)
{
    unsigned fds = count_fds();
    int fd = memfd_create("given", MFD_CLOEXEC);
    struct slip_jail jail;
    struct slip_buf reply = {0};
    struct slip_error *err = NULL;
    uint32_t kind;

    (void)state;
    assert_int_equal(write(fd, "k", 1), 1);
    assert_int_equal(slip__jail_start(&jail, &usual, do_work, &fd, &fd, 1, &err), 0);
    if (slip__jail_receive(&jail, 10, &kind, &reply, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    assert_string_equal(reply.data, "k");
    slip__jail_dispose(&jail);
    slip__buf_dispose(&reply);
    close(fd);
    assert_int_equal(count_fds(), fds);
    no_children();
}

/* What it was not given is closed in it. */
static void do_read_other(int fd, void *payload)
{
    char byte;
    ssize_t r = pread(*(int *)payload, &byte, 1, 0);

    answer(fd, r < 0 && errno == EBADF ? "closed" : "open");
}

static void has_no_more(void **state)
{
    int fd = memfd_create("not given", MFD_CLOEXEC);
    char words[200];
    unsigned code;

    (void)state;
    assert_int_equal(run(&usual, do_read_other, &fd, words, sizeof(words), &code), 0);
    assert_string_equal(words, "closed");
    close(fd);
}

static void forbidden(void **state)
{
    static const struct {
        const char *name;
        slip_jail_fn *fn;
    } cases[] = {
#define ROW(name, call) {#name, do_##name},
        FORBIDDEN(ROW)
#undef ROW
    };
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        char words[200];
        unsigned code;
        int rc = run(&usual, cases[i].fn, page, words, sizeof(words), &code);

        if (rc != SLIP_EIMAGE || code != SLIP_CODE_JAIL_CALL)
            fail_msg("%s: %d, SLIP-%u, %s", cases[i].name, rc, code, words);
        assert_string_equal(words, "its reader tried to do what no reader does");
        assert_int_equal(access("/tmp/slipway-jail-test", F_OK), -1);
    }
    munmap(page, 4096);
}

static void ends(void **state)
{
    static char word;
    static int status = 7;
    static uint32_t fake[2] = {99, 1}, no_seccomp[2] = {9, EINVAL};
    static const struct {
        slip_jail_fn *fn;
        void *payload;
        int rc;
        unsigned code;
        const char *words;
    } cases[] = {
        {do_crash, NULL, SLIP_EIMAGE, SLIP_CODE_JAIL_CRASH,
         "its reader crashed (signal 11, Segmentation fault)"},
        {do_abort, NULL, SLIP_EIMAGE, SLIP_CODE_JAIL_CRASH,
         "its reader crashed (signal 6, Aborted)"},
        {do_loop, &word, SLIP_EIMAGE, SLIP_CODE_JAIL_TIME,
         "its reader took more than 1 seconds of processor time"},
        {do_end, &status, SLIP_EIMAGE, SLIP_CODE_JAIL_CRASH,
         "its reader ended without an answer (status 7)"},
        {do_send_long, NULL, SLIP_EIMAGE, SLIP_CODE_JAIL_REPLY,
         "its reader gave an answer that makes no sense: it is too long"},
        {do_fake_refusal, fake, SLIP_EIMAGE, SLIP_CODE_JAIL_REPLY,
         "its reader gave an answer that makes no sense: a refusal of its own making"},
        {do_fake_refusal, no_seccomp, SLIP_EENGINE, SLIP_CODE_JAIL_START,
         "its reader cannot be locked up: cannot filter its system calls: Invalid argument"},
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        char words[200];
        unsigned code;
        int rc = run(&usual, cases[i].fn, cases[i].payload, words, sizeof(words), &code);

        assert_string_equal(words, cases[i].words);
        assert_int_equal(rc, cases[i].rc);
        assert_int_equal(code, cases[i].code);
    }
}

static void late(void **state)
{
    struct slip_jail_terms terms = usual;
    char words[200];
    unsigned code;

    (void)state;
    terms.cpu_seconds = 30;
    assert_int_equal(run(&terms, do_hang_up, words, words, sizeof(words), &code), SLIP_EIMAGE);
    assert_string_equal(words, "its reader hung up without an answer");
    assert_int_equal(code, SLIP_CODE_JAIL_CRASH);
    terms.reply_ms = 50;
    assert_int_equal(run(&terms, do_wait, NULL, words, sizeof(words), &code), SLIP_EIMAGE);
    assert_string_equal(words, "its reader did not answer in 1 seconds");
    assert_int_equal(code, SLIP_CODE_JAIL_TIME);
}

static void memory_ends(void **state)
{
    char words[200];
    unsigned code;
    int sanitizer_mib = 0;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    sanitizer_mib = 1024;
#endif
    assert_int_equal(run(&usual, do_allocate, NULL, words, sizeof(words), &code), 0);
    assert_in_range(atoi(words) - sanitizer_mib, 48, 64);
}

/* Requests, a descriptor among them, and answers, over and over by one child. */
static void do_serve(int fd, void *payload)
{
    struct slip_buf request = {0};
    uint32_t kind;
    int passed = -1;

    (void)payload;
    while (slip__jailed_receive(fd, 1000, &kind, &request, &passed)) {
        if (passed >= 0 && pread(passed, request.data, request.len, 0) < 0)
            return;
        if (passed >= 0)
            close(passed);
        passed = -1;
        if (!slip__jailed_send(fd, kind + 1, request.data, request.len))
            return;
    }
}

static void serves(void **state)
{
    unsigned fds = count_fds();
    int fd = memfd_create("passed", MFD_CLOEXEC);
    struct slip_jail jail;
    struct slip_buf reply = {0};
    uint32_t kind;

    (void)state;
    assert_int_equal(write(fd, "from file", 9), 9);
    assert_int_equal(slip__jail_start(&jail, &usual, do_serve, NULL, NULL, 0, NULL), 0);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(slip__jail_send(&jail, i, "123456789", 9, i % 2 ? fd : -1, NULL), 0);
        assert_int_equal(slip__jail_receive(&jail, 9, &kind, &reply, NULL), 0);
        assert_int_equal(kind, i + 1);
        assert_string_equal(reply.data, i % 2 ? "from file" : "123456789");
    }
    slip__jail_end(&jail);
    slip__jail_dispose(&jail);
    slip__jail_dispose(&jail);
    slip__buf_dispose(&reply);
    close(fd);
    assert_int_equal(count_fds(), fds);
    no_children();
}

/* Descriptors that it sends are not taken: nobody's table can be filled. */
static void do_send_fd(int fd, void *payload)
{
    slip__frame_send(fd, SLIP_FRAME_FOREVER, 1, "fd", 2, fd);
    (void)payload;
}

static void sends_nothing_but_bytes(void **state)
{
    char words[200];
    unsigned code;

    (void)state;
    assert_int_equal(run(&usual, do_send_fd, NULL, words, sizeof(words), &code), 0);
    assert_string_equal(words, "fd");
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
    (void)sig;
    handled = 1;
}

/* The program we live in may ignore its children, or have handlers for whatever comes. */
static void whatever_the_caller_does(void **state)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGXCPU};
    char words[200], word;
    unsigned code;

    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run(&usual, do_answer, (void *)"yes", words, sizeof(words), &code), 0);
    assert_int_equal(run(&usual, do_crash, NULL, words, sizeof(words), &code), SLIP_EIMAGE);
    assert_int_equal(code, SLIP_CODE_JAIL_CRASH);
    signal(SIGCHLD, SIG_DFL);
    for (size_t i = 0; i < SLIP_COUNT(signals); i++)
        signal(signals[i], on_signal);
    assert_int_equal(run(&usual, do_crash, NULL, words, sizeof(words), &code), SLIP_EIMAGE);
    assert_int_equal(run(&usual, do_abort, NULL, words, sizeof(words), &code), SLIP_EIMAGE);
    assert_string_equal(words, "its reader crashed (signal 6, Aborted)");
    assert_int_equal(run(&usual, do_loop, &word, words, sizeof(words), &code), SLIP_EIMAGE);
    assert_int_equal(code, SLIP_CODE_JAIL_TIME);
    for (size_t i = 0; i < SLIP_COUNT(signals); i++)
        signal(signals[i], SIG_DFL);
    assert_false(handled);
}

static void *churn(void *payload)
{
    while (!*(volatile bool *)payload)
        free(malloc(100 + (size_t)rand() % 100000));
    return NULL;
}

/* Other threads that are in the middle of an allocation as the child is made. */
static void among_threads(void **state)
{
    pthread_t threads[4];
    bool stop = false;

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &stop), 0);
    for (unsigned i = 0; i < 30; i++) {
        struct slip_jail jail;
        struct slip_buf reply = {0};
        uint32_t kind;

        assert_int_equal(slip__jail_start(&jail, &usual, do_serve, NULL, NULL, 0, NULL), 0);
        assert_int_equal(slip__jail_send(&jail, i, "x", 1, -1, NULL), 0);
        assert_int_equal(slip__jail_receive(&jail, 9, &kind, &reply, NULL), 0);
        slip__jail_dispose(&jail);
        slip__buf_dispose(&reply);
    }
    *(volatile bool *)&stop = true;
    for (size_t i = 0; i < SLIP_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    no_children();
}

/* Reads a file of /proc about pid. */
static void read_status(pid_t pid, char *ret, size_t size)
{
    char path[64];
    size_t len;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(ret, 1, size - 1, f);
    ret[len] = 0;
    fclose(f);
}

/* Who it is: nobody, without rights, and unable to get any. */
static void is_nobody(void **state)
{
    static const struct {
        const char *line;
        const char *value;
    } lines[] = {{"NoNewPrivs:\t", "1\n"},
                 {"Seccomp:\t", "2\n"},
                 {"CapPrm:\t", "0000000000000000\n"},
                 {"CapEff:\t", "0000000000000000\n"}};
    struct slip_buf reply = {0};
    struct slip_jail jail;
    char text[4096];
    uint32_t kind;

    (void)state;
    assert_int_equal(slip__jail_start(&jail, &usual, do_serve, NULL, NULL, 0, NULL), 0);
    assert_int_equal(slip__jail_send(&jail, 1, "x", 1, -1, NULL), 0);
    assert_int_equal(slip__jail_receive(&jail, 9, &kind, &reply, NULL), 0);
    read_status(jail.pid, text, sizeof(text));
    for (size_t i = 0; i < SLIP_COUNT(lines); i++) {
        const char *at = strstr(text, lines[i].line);

        assert_non_null(at);
        at += strlen(lines[i].line);
        if (strncmp(at, lines[i].value, strlen(lines[i].value)) != 0)
            fail_msg("%s%.20s", lines[i].line, at);
    }
    if (geteuid() == 0)
        assert_null(strstr(text, "\nUid:\t0"));
    assert_null(strstr(text, "\nGroups:\t0"));
    slip__jail_dispose(&jail);
    slip__buf_dispose(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(works),
        cmocka_unit_test(has_no_more),
        cmocka_unit_test(forbidden),
        cmocka_unit_test(ends),
        cmocka_unit_test(late),
        cmocka_unit_test(memory_ends),
        cmocka_unit_test(serves),
        cmocka_unit_test(sends_nothing_but_bytes),
        cmocka_unit_test(whatever_the_caller_does),
        cmocka_unit_test(among_threads),
        cmocka_unit_test(is_nobody),
    };

    return cmocka_run_group_tests_name("jail", tests, NULL, NULL);
}
