/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stopwatch FILE COMMAND...: runs COMMAND with its output thrown away, appends "MICROSECONDS EXITCODE" to FILE. From before the fork to
 * after the wait; a shell's `time` has a shell in between, and an emulated processor makes that count. Linked statically, so that
 * its own start is short too.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static int run(char **command, char **environment)
{
    posix_spawn_file_actions_t actions;
    int status;
    pid_t pid;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return 126;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (posix_spawnp(&pid, command[0], &actions, NULL, command, environment) != 0 ||
        waitpid(pid, &status, 0) < 0)
        return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv, char **environment)
{
    long long start, end;
    FILE *out;
    int code;

    if (argc < 3) {
        fputs("usage: stopwatch FILE COMMAND...\n", stderr);
        return 2;
    }
    start = now_us();
    code = run(argv + 2, environment);
    end = now_us();
    out = fopen(argv[1], "a");
    if (!out || fprintf(out, "%lld %d\n", end - start, code) < 0 || fclose(out) != 0)
        return 1;
    return code;
}
