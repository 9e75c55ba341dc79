/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the instruction bench runs under callgrind: the builder on the null engine, or a decompression library writing one
 * buffer. Only what happens inside measured_*() is counted (--toggle-collect). The kernel is read in this process, or, as it always
 * is, in a child; callgrind can't be where walls are, so that child has none around it and ends by itself. What the walls cost is
 * bench/jailed.c's to say.
 *
 *   instructions build CFG
 *   instructions jailed CFG
 *   instructions CODEC PAYLOAD SIZE     CODEC: gzip xz zstd lz4
 */
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#define ZLIB_CONST /* it reads its input, and says so */
#include <zlib.h>
#include <zstd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/reader.h"
#include "image/image.h"
#include "life/life.h"
#include "slipway/slipway.h"

#define KEEP __attribute__((noinline, used))

int measured_build(const struct slip_guest *guest, struct slip_built *built,
                   struct slip_error **err);
int measured_gzip(const uint8_t *in, size_t len, uint8_t *out, size_t size);
int measured_xz(const uint8_t *in, size_t len, uint8_t *out, size_t size);
int measured_zstd(const uint8_t *in, size_t len, uint8_t *out, size_t size);
int measured_lz4(const uint8_t *in, size_t len, uint8_t *out, size_t size);

static bool jailed;

int __real_slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                             struct slip_error **err);
int __wrap_slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                             struct slip_error **err);
int __wrap_slip__confine(const struct slip_confine *how, enum slip_confine_step *ret_step);
int __wrap_pidfd_open(pid_t pid, unsigned flags);
int __wrap_kill(pid_t pid, int signal);

int __wrap_slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                             struct slip_error **err)
{
    return jailed ? __real_slip__image_probe(fd, file_bytes, name, ret, err)
                  : slip__image_probe_here(fd, file_bytes, name, ret, err);
}

/* All that must be: the child has its maker's end of the socket, and would never see it closed. */
int __wrap_slip__confine(const struct slip_confine *how, enum slip_confine_step *ret_step)
{
    (void)ret_step;
    for (int fd = 3; fd < 64; fd++) {
        bool keep = false;

        for (size_t i = 0; i < how->n_keep; i++)
            keep = keep || how->keep[i] == fd;
        if (!keep)
            close(fd);
    }
    return 0;
}

/* A valgrind that does not know the call ends nothing else by it. */
int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
    (void)pid, (void)flags;
    errno = ESRCH;
    return -1;
}

/* A killed child would leave no count. */
int __wrap_kill(pid_t pid, int signal)
{
    (void)pid, (void)signal;
    return 0;
}

KEEP int measured_build(const struct slip_guest *guest, struct slip_built *built,
                        struct slip_error **err)
{
    return slip__build_guest(guest, &slip__engine_null, NULL, false, false, NULL, NULL, built, err);
}

KEEP int measured_gzip(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    z_stream z = {.next_in = in, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)size};
    int r;

    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return 1;
    r = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return r != Z_STREAM_END;
}

KEEP int measured_xz(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    uint64_t memory = UINT64_MAX;
    size_t in_at = 0, out_at = 0;

    return lzma_stream_buffer_decode(&memory, 0, NULL, in, &in_at, len, out, &out_at, size) !=
           LZMA_OK;
}

KEEP int measured_zstd(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    return ZSTD_isError(ZSTD_decompress(out, size, in, len)) != 0;
}

/* The legacy frame of `lz4 -l`: magic, then blocks of a 32-bit length and that many bytes. */
KEEP int measured_lz4(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
    struct slip_reader r = slip__reader(in, len);
    size_t at = 4, done = 0;

    while (at < len) {
        uint32_t block = slip__reader_u32(&r, at);
        const uint8_t *p = slip__reader_at(&r, at + 4, block);
        int n = p ? LZ4_decompress_safe((const char *)p, (char *)out + done, (int)block,
                                        (int)(size - done))
                  : -1;

        if (n < 0)
            return 1;
        done += (size_t)n;
        at += 4 + block;
    }
    return done != size;
}

static const struct {
    const char *name;
    int (*run)(const uint8_t *in, size_t len, uint8_t *out, size_t size);
} codecs[] = {
    {"gzip", measured_gzip},
    {"xz", measured_xz},
    {"zstd", measured_zstd},
    {"lz4", measured_lz4},
};

static int fail(const char *what, struct slip_error *err)
{
    fprintf(stderr, "instructions: %s: %s\n", what, err ? slip_error_message(err) : "failed");
    slip_error_free(err);
    return 1;
}

static int build(const char *cfg)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_built built = {0};
    struct slip_error *err = NULL;
    int rc;

    if (!diags || slip_guest_load(cfg, NULL, diags, &guest, &err) < 0)
        return fail(cfg, err);
    rc = measured_build(guest, &built, &err);
    if (rc < 0)
        return fail(cfg, err);
    built.run->engine->destroy(built.run);
    built.run = NULL;
    slip__built_dispose(&built);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return 0;
}

static int decompress(const char *codec, const char *path, size_t size)
{
    struct slip_error *err = NULL;
    char *in = NULL;
    size_t len;
    uint8_t *out;

    if (slip__file_read("payload", path, 1u << 30, SLIP_CODE_NONE, &in, &len, &err) < 0)
        return fail(path, err);
    out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (out == MAP_FAILED)
        return fail("mmap", NULL);
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        if (strcmp(codecs[i].name, codec) == 0 &&
            codecs[i].run((const uint8_t *)in, len, out, size) == 0) {
            free(in);
            return 0;
        }
    }
    return fail(codec, NULL);
}

int main(int argc, char **argv)
{
    jailed = argc == 3 && strcmp(argv[1], "jailed") == 0;
    if (argc == 3 && (jailed || strcmp(argv[1], "build") == 0))
        return build(argv[2]);
    if (argc == 4)
        return decompress(argv[1], argv[2], strtoull(argv[3], NULL, 10));
    return fail("usage: instructions build CFG | jailed CFG | CODEC PAYLOAD SIZE", NULL);
}
