/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first vCPU's state as descriptors and as words. Must not know why it is what it is (protocols). */
#include "build/start.h"

#include <string.h>

#include "abi/gdt.h"
#include "base/cleanup.h"
#include "base/json.h"

typedef unsigned long long ull;

#define REGISTERS 7u

/* A general register as it is called in the state's mode. */
struct reg {
    const char *name;
    uint64_t value;
};

static void list_registers(const struct slip_start *start, struct reg ret[REGISTERS])
{
    bool wide = start->mode == SLIP_CPU_LONG64;
    const struct reg all[REGISTERS] = {
        {wide ? "rax" : "eax", start->rax}, {wide ? "rbx" : "ebx", start->rbx},
        {wide ? "rcx" : "ecx", start->rcx}, {wide ? "rsi" : "esi", start->rsi},
        {wide ? "rdi" : "edi", start->rdi}, {wide ? "rbp" : "ebp", start->rbp},
        {wide ? "rsp" : "esp", start->rsp},
    };

    memcpy(ret, all, sizeof(all));
}

static const char *pointer_name(const struct slip_start *start)
{
    return start->mode == SLIP_CPU_LONG64 ? "rip" : "eip";
}

unsigned slip__start_gdt(const struct slip_start *start, uint64_t ret[SLIP_START_GDT_MAX])
{
    const struct {
        uint16_t selector;
        uint64_t descriptor;
    } all[] = {
        {start->cs, start->mode == SLIP_CPU_LONG64 ? SLIP_GDT_CODE64 : SLIP_GDT_CODE32},
        {start->ds, SLIP_GDT_DATA},
        {start->tr, SLIP_GDT_TSS},
    };
    unsigned count = 1;

    memset(ret, 0, SLIP_START_GDT_MAX * sizeof(*ret));
    for (size_t i = 0; i < SLIP_COUNT(all); i++) {
        unsigned index = all[i].selector / SLIP_GDT_SELECTOR_BYTES;

        if (index == 0 || index >= SLIP_START_GDT_MAX)
            continue;
        ret[index] = all[i].descriptor;
        if (index >= count)
            count = index + 1;
    }
    return count;
}

/* "eip 0x1000100, ebx 0x2000 (start info)" */
static void put_registers(const struct slip_start *start, const char *between, bool say_info,
                          struct slip_buf *buf)
{
    struct reg regs[REGISTERS];

    slip__buf_printf(buf, "%s 0x%llx", pointer_name(start), (ull)start->entry_gpa);
    list_registers(start, regs);
    for (size_t i = 0; i < REGISTERS; i++) {
        if (!regs[i].value)
            continue;
        slip__buf_printf(buf, "%s%s 0x%llx", between, regs[i].name, (ull)regs[i].value);
        if (say_info && start->start_info && regs[i].value == start->start_info_gpa)
            slip__buf_printf(buf, " (%s)", start->start_info);
    }
}

void slip__start_text(const struct slip_plan *plan, struct slip_buf *buf)
{
    const struct slip_start *start = &plan->start;

    slip__buf_puts(buf, "start      ");
    put_registers(start, ", ", true, buf);
    slip__buf_putc(buf, '\n');
    if (start->mode == SLIP_CPU_LONG64)
        slip__buf_printf(buf, "           64-bit mode, page tables at 0x%llx\n", (ull)start->cr3);
    if (start->gdt_bytes)
        slip__buf_printf(buf, "           GDT at 0x%llx, cs 0x%x, ds es ss 0x%x, tr 0x%x\n",
                         (ull)start->gdt_gpa, start->cs, start->ds, start->tr);
}

void slip__start_words(const struct slip_plan *plan, struct slip_buf *buf)
{
    put_registers(&plan->start, " &#160; ", false, buf);
    if (plan->start.mode == SLIP_CPU_LONG64)
        slip__buf_printf(buf, " &#160; cr3 0x%llx", (ull)plan->start.cr3);
}

json_t *slip__start_json(const struct slip_plan *plan)
{
    const struct slip_start *start = &plan->start;
    json_t *registers = json_object(), *json;
    struct reg regs[REGISTERS];

    list_registers(start, regs);
    for (size_t i = 0; registers && i < REGISTERS; i++) {
        if (regs[i].value &&
            json_object_set_new(registers, regs[i].name, slip__json_uint(regs[i].value)) < 0) {
            json_decref(registers);
            registers = NULL;
        }
    }
    json = json_pack("{s:o, s:o, s:s, s:o}", "entry_gpa", slip__json_uint(start->entry_gpa),
                     "start_info_gpa", slip__json_uint(start->start_info_gpa), "mode",
                     start->mode == SLIP_CPU_LONG64 ? "64-bit" : "32-bit", "registers", registers);
    if (json && start->mode == SLIP_CPU_LONG64 &&
        json_object_set_new(json, "cr3", slip__json_uint(start->cr3)) < 0)
        goto fail;
    if (json && start->gdt_bytes &&
        json_object_set_new(json, "gdt",
                            json_pack("{s:o, s:i, s:i, s:i, s:i}", "gpa",
                                      slip__json_uint(start->gdt_gpa), "bytes",
                                      (int)start->gdt_bytes, "cs", (int)start->cs, "ds",
                                      (int)start->ds, "tr", (int)start->tr)) < 0)
        goto fail;
    return json;
fail:
    json_decref(json);
    return NULL;
}

void slip__start_piece_words(const struct slip_plan *plan, uint64_t gpa, uint64_t end,
                             struct slip_buf *buf)
{
    const struct slip_start *start = &plan->start;
    struct reg regs[REGISTERS];

    if (start->entry_gpa >= gpa && start->entry_gpa < end)
        slip__buf_printf(buf, ", entry at 0x%llx", (ull)start->entry_gpa);
    list_registers(start, regs);
    for (size_t i = 0; i < REGISTERS; i++) {
        if (regs[i].value && regs[i].value == gpa)
            slip__buf_printf(buf, ", %s points here", regs[i].name);
    }
    if (start->cr3 && start->cr3 == gpa)
        slip__buf_puts(buf, ", cr3 points here");
}
