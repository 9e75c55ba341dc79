/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernels and guests for tests of PV (pv_stage.h). */
#include "pv_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mkimage.h"

const struct variant pv_linux = {"Linux", LIKE_LINUX, .codec = "xz", .modules = 1};

size_t pv_module_bytes(unsigned index)
{
    return index == 0 ? 9000 : index == 1 ? 4096 : 1;
}

static void put_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

int pv_make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    strcpy(p->folder, "/tmp/slipway-pv-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->kernel, sizeof(p->kernel), "%s/kernel", p->folder);
    snprintf(p->record, sizeof(p->record), "%s/record", p->folder);
    mk_fill(p->code, sizeof(p->code), 3);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(p->module[i], sizeof(p->module[i]), "%s/module%u", p->folder, i);
        mk_fill(p->modules[i], pv_module_bytes(i), 11 + i);
        put_file(p->module[i], p->modules[i], pv_module_bytes(i));
    }
    *state = p;
    return 0;
}

int pv_remove_place(void **state)
{
    struct place *p = *state;

    for (unsigned i = 0; i < 3; i++)
        unlink(p->module[i]);
    unlink(p->kernel);
    if (rmdir(p->folder) < 0)
        return -1;
    free(p);
    return 0;
}

static void put_number(struct slip_buf *notes, uint32_t type, uint64_t value, unsigned bits)
{
    if (value != NONE)
        mk_xen_note(notes, type, value, bits / 8);
}

static void put_text(struct slip_buf *notes, uint32_t type, const char *text)
{
    if (text)
        mk_note(notes, "Xen", 4, type, text, (uint32_t)strlen(text) + 1);
}

void pv_make_kernel(const struct place *p, const struct variant *v)
{
    struct slip_buf notes = {0}, file = {0}, payload = {0}, bzimage = {0};
    struct mk_elf elf = {.bits = v->bits, .entry = v->e_entry, .n_phdrs = 2};
    struct mk_bzimage bz = {0};

    put_text(&notes, 6, v->os);
    put_text(&notes, 8, v->loader);
    put_text(&notes, 5, v->version);
    put_text(&notes, 9, v->pae);
    put_text(&notes, 11, v->symtab);
    if (v->features) /* without its NUL, as Linux has it */
        mk_note(&notes, "Xen", 4, 10, v->features, (uint32_t)strlen(v->features));
    put_number(&notes, 1, v->entry, v->bits);
    put_number(&notes, 2, v->hypercall_page, v->bits);
    put_number(&notes, 3, v->virt_base, v->bits);
    put_number(&notes, 4, v->paddr_offset, v->bits);
    put_number(&notes, 12, v->hv_start_low, v->bits);
    put_number(&notes, 15, v->init_p2m, v->bits);
    put_number(&notes, 16, v->mod_start_pfn, 32);
    elf.phdrs[0] = (struct mk_phdr){.type = 1,
                                    .flags = 7,
                                    .vaddr = v->paddr,
                                    .paddr = v->paddr,
                                    .data = p->code,
                                    .filesz = CODE_LEN,
                                    .memsz = CODE_LEN + BSS_LEN};
    elf.phdrs[1] = (struct mk_phdr){
        .type = 4, .flags = 4, .data = notes.data, .filesz = notes.len, .memsz = notes.len};
    mk_elf(&elf, &file);
    if (v->codec) {
        mk_payload(v->codec, file.data, file.len, &payload);
        bz.payload = payload.data;
        bz.payload_bytes = payload.len;
        mk_bzimage(&bz, &bzimage);
    }
    put_file(p->kernel, v->codec ? bzimage.data : file.data, v->codec ? bzimage.len : file.len);
    slip__buf_dispose(&notes);
    slip__buf_dispose(&file);
    slip__buf_dispose(&payload);
    slip__buf_dispose(&bzimage);
}

int pv_start(struct place *p, const struct variant *v, bool dry_run, struct slip_built *ret,
             struct slip_error **err)
{
    static struct slip_guest guest; /* outlives the plan */
    static struct slip_str modules[3];

    for (unsigned i = 0; i < 3; i++)
        modules[i] = (struct slip_str){GIVEN, p->module[i]};
    guest = (struct slip_guest){.type = {GIVEN, SLIP_TYPE_PV},
                                .memory = {GIVEN, v->memory_mib},
                                .kernel = {GIVEN, p->kernel},
                                .cmdline = {GIVEN, (char *)(v->cmdline ? v->cmdline : "quiet")},
                                .autoconsole = {GIVEN, 1},
                                .ramdisk = {GIVEN, v->modules, modules}};
    return slip__build_guest(&guest, &slip__engine_null, dry_run ? NULL : p->record, false, dry_run,
                             NULL, NULL, ret, err);
}

int pv_build(struct place *p, const struct variant *v, bool dry_run, struct slip_built *ret,
             struct slip_error **err)
{
    pv_make_kernel(p, v);
    return pv_start(p, v, dry_run, ret, err);
}
