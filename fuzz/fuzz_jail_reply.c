/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: whatever a reader in a jail may answer that was taken over by the file it reads. Bytes are messages: kind, length
 * (2 bytes each), and so many bytes. They are all there when they are asked for. What is taken for an image must be one.
 */
#include <sys/socket.h>

#include "base/frame.h"
#include "fuzz.h"
#include "image/talk.h"
#include "image_target.h"

#define MAX_BYTES    (60u << 10) /* fits a socket's buffer */
#define MAX_MESSAGES 40u

/* Puts the messages into the socket. */
static void send_all(int fd, const uint8_t *bytes, size_t len)
{
    for (unsigned i = 0; len >= 4 && i < MAX_MESSAGES; i++) {
        unsigned kind = bytes[0] | bytes[1] << 8, n = bytes[2] | bytes[3] << 8;

        if (n > len - 4)
            n = (unsigned)(len - 4);
        /* 0xffff: the jail's own. */
        slip__frame_send(fd, 0, kind == 0xffff ? SLIP_JAIL_KINDS : kind, bytes + 4, n, -1);
        bytes += 4 + n;
        len -= 4 + n;
    }
    shutdown(fd, SHUT_WR);
}

static void told(uint64_t done, uint64_t total, void *payload)
{
    (void)payload;
    fuzz_require(done <= total, "progress ends at its total");
}

/* What is promised of any image, read by whomever. */
static void use(struct slip_image *image)
{
    struct slip_ram ram = {
        .n_regions = 1, .regions = {{FUZZ_RAM_GPA, FUZZ_RAM_BYTES}}, .map = fuzz_map};
    struct slip_error *err = NULL;

    fuzz_require(!slip__image_check(image), "what is taken holds");
    fuzz_describe(image);
    fuzz_call(slip__image_use(image, SLIP_FORM_LINUX, 0x100000, &err), &err);
    if (fuzz_call(slip__image_load(image, &ram, told, NULL, &err), &err) == 0) {
        fuzz_require(!slip__image_check(image), "what is loaded holds");
        fuzz_describe(image);
        fuzz_plan_pv(image);
    }
    fuzz_plan_all(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    int ends[2];

    if (len > MAX_BYTES || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return 0;
    send_all(ends[1], bytes, len);
    if (fuzz_call(slip__proxy_adopt(ends[0], 1000, "fuzz", &image, &err), &err) == 0)
        use(image);
    slip_image_free(image);
    close(ends[1]);
    return 0;
}
