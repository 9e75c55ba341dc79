/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for QEMU and KVM on this host. */
#include "engine/qemu/probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/child.h"

#define PROGRAM "qemu-system-x86_64"

/* The first processor's entry: a flags line alone is about 1 KiB, and all processors have the same. */
#define CPUINFO_BYTES (16u << 10)
/* `--version` takes some 20 ms; a busy host may need a hundred times that. */
#define VERSION_TIMEOUT_MS 3000

/* Distributions' packages first, then what an administrator built. */
static const char *const usual_places[] = {
    "/usr/bin/" PROGRAM,
    "/usr/local/bin/" PROGRAM,
};

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* PROGRAM in one of the folders of path, or NULL. Folders that are not absolute are passed over: what a working directory
 * holds is not the host's QEMU. */
static char *find_in_path(const char *path)
{
    while (path && *path) {
        size_t len = strcspn(path, ":");
        char *candidate = NULL;

        if (*path == '/' && asprintf(&candidate, "%.*s/" PROGRAM, (int)len, path) < 0)
            return NULL;
        if (candidate && is_program(candidate))
            return candidate;
        free(candidate);
        path += len + (path[len] == ':');
    }
    return NULL;
}

int slip__qemu_find(const char *const *places, size_t n_places, const char *path, char **ret,
                    struct slip_error **err)
{
    char *found = NULL;

    for (size_t i = 0; i < n_places && !found; i++)
        if (is_program(places[i])) {
            found = strdup(places[i]);
            if (!found)
                return slip__error_oom(err);
        }
    if (!found)
        found = find_in_path(path);
    if (!found) {
        slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_UNUSABLE, PROGRAM " is not installed");
        slip__error_hint(err, "Debian and Ubuntu have it in the package qemu-system-x86");
        return SLIP_EENGINE;
    }
    *ret = found;
    return 0;
}

int slip__qemu_find_here(char **ret, struct slip_error **err)
{
    return slip__qemu_find(usual_places, SLIP_COUNT(usual_places), secure_getenv("PATH"), ret, err);
}

/* Is word one of the blank-separated words of [text, end)? */
static bool has_word(const char *text, const char *end, const char *word)
{
    size_t len = strlen(word);

    while (text < end) {
        size_t skip = strspn(text, " \t:"), here;

        text += skip;
        here = strcspn(text, " \t:\n");
        if (here == len && memcmp(text, word, len) == 0)
            return true;
        if (!here)
            return false;
        text += here;
    }
    return false;
}

bool slip__qemu_cpuinfo_virtualizes(const char *cpuinfo)
{
    const char *line = cpuinfo;

    while (line) {
        const char *end = line + strcspn(line, "\n");

        if (strncmp(line, "flags", 5) == 0)
            return has_word(line, end, "vmx") || has_word(line, end, "svm");
        line = *end ? end + 1 : NULL;
    }
    return false;
}

static bool cpu_virtualizes(void)
{
    SLIP_AUTO_CLOSE int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    char text[CPUINFO_BYTES + 1];
    size_t len = 0;
    ssize_t got = 0;

    /* The file hands out one processor or so at a time. */
    do {
        got = fd < 0 ? 0 : read(fd, text + len, CPUINFO_BYTES - len);
        len += got > 0 ? (size_t)got : 0;
    } while (got > 0 && len < CPUINFO_BYTES);
    text[len] = '\0';
    return slip__qemu_cpuinfo_virtualizes(text);
}

bool slip__qemu_kvm_usable(const char **ret_why)
{
    SLIP_AUTO_CLOSE int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    const char *why = "";

    if (fd < 0)
        why = access("/dev/kvm", F_OK) < 0 ? "there is no /dev/kvm" : "no permission for /dev/kvm";
    else if (!cpu_virtualizes())
        why = "the CPU shows neither vmx nor svm";
    if (ret_why)
        *ret_why = why;
    return !*why;
}

void slip__qemu_kvm_access(gid_t *ret_group, bool *ret_root_only)
{
    struct stat st = {0};
    bool all, group;

    if (stat("/dev/kvm", &st) < 0)
        st.st_mode = 0;
    all = (st.st_mode & (S_IROTH | S_IWOTH)) == (S_IROTH | S_IWOTH);
    group = st.st_gid && (st.st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP);
    *ret_group = group && !all ? st.st_gid : 0;
    *ret_root_only = !all && !group;
}

void slip__qemu_probe(struct slip_engine_status *status)
{
    SLIP_AUTO_FREE char *program = NULL;
    struct slip_error *err = NULL;
    const char *why;

    status->usable = slip__qemu_find_here(&program, &err) == 0;
    if (!status->usable)
        snprintf(status->detail, sizeof(status->detail), "%s", slip_error_message(err));
    else if (slip__qemu_kvm_usable(&why))
        snprintf(status->detail, sizeof(status->detail), "%s, KVM", program);
    else
        snprintf(status->detail, sizeof(status->detail), "%s, TCG: %s", program, why);
    slip_error_free(err);
}

/* "QEMU emulator version 7.2.22 (Debian ...)": the number, or "" if it does not say. */
static void version_of(char *program, char *ret, size_t size)
{
    char *argv[] = {program, (char[]){"--version"}, NULL}, text[512], *at;
    struct slip_child child;

    *ret = '\0';
    if (slip__child_start(&child, argv, NULL, NULL, 0, NULL))
        return;
    if (slip__child_wait(&child, VERSION_TIMEOUT_MS)) {
        slip__child_output(&child, text, sizeof(text));
        at = strstr(text, "version ");
        if (at)
            snprintf(ret, size, " %.*s", (int)strspn(at + 8, "0123456789."), at + 8);
    }
    slip__child_dispose(&child);
}

void slip__qemu_describe(struct slip_engine_status *status)
{
    SLIP_AUTO_FREE char *program = NULL;
    char version[32];
    const char *why;

    slip__qemu_probe(status);
    if (!status->usable || slip__qemu_find_here(&program, NULL))
        return;
    version_of(program, version, sizeof(version));
    if (slip__qemu_kvm_usable(&why))
        snprintf(status->detail, sizeof(status->detail), "QEMU%s (%s), KVM", version, program);
    else
        snprintf(status->detail, sizeof(status->detail), "QEMU%s (%s), TCG: %s", version, program,
                 why);
}
