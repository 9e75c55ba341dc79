/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pack CODEC <PLAIN >PACKED: compresses as mk_compress() does (mkimage.h has the codecs' names), for tests that are no C. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mkimage.h"

#define CHUNK_BYTES (1u << 20)

int main(int argc, char **argv)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf plain = {0}, packed = {0};
    SLIP_AUTO_FREE char *chunk = malloc(CHUNK_BYTES);
    ssize_t n;

    if (argc != 2 || !chunk) {
        fputs("usage: pack CODEC <PLAIN >PACKED\n", stderr);
        return 2;
    }
    while ((n = read(STDIN_FILENO, chunk, CHUNK_BYTES)) > 0)
        slip__buf_put(&plain, chunk, (size_t)n);
    mk_compress(argv[1], plain.data, plain.len, &packed);
    return n == 0 && fwrite(packed.data, 1, packed.len, stdout) == packed.len && fflush(stdout) == 0
               ? 0
               : 1;
}
