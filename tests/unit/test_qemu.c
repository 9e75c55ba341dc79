/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The qemu engine without a QEMU: its command lines, refusals, disks, memory, and what it finds on a host. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "engine/child.h"
#include "engine/disk.h"
#include "engine/engine.h"
#include "engine/qemu/argv.h"
#include "engine/qemu/probe.h"
#include "engine/qemu/ram.h"
#include "engine/qemu/reset.h"
#include "guest/guest.h"
#include "skip.h"

#define UUID "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

static struct slip_mark given(unsigned at)
{
    return (struct slip_mark){.origin = SLIP_GIVEN, .span = {1, at, at + 1}};
}

static void set_str(struct slip_str *str, const char *text)
{
    assert_int_equal(slip__str_set(str, text, strlen(text), given(0)), 0);
}

/* A pvh guest with what resolving would have filled in. */
static struct slip_guest *make_guest(const char *name, int64_t memory, int64_t vcpus)
{
    struct slip_mark filled = {.origin = SLIP_DEFAULT};
    struct slip_guest *guest = slip__guest_new();

    assert_non_null(guest);
    set_str(&guest->name, name);
    set_str(&guest->uuid, UUID);
    slip__num_set(&guest->type, SLIP_TYPE_PVH, given(0));
    slip__num_set(&guest->memory, memory, given(0));
    slip__num_set(&guest->maxmem, memory, filled);
    slip__num_set(&guest->vcpus, vcpus, given(0));
    slip__num_set(&guest->maxvcpus, vcpus, filled);
    return guest;
}

static struct slip_disk *add_disk(struct slip_guest *guest, const char *target, const char *vdev,
                                  enum slip_disk_access access)
{
    const struct slip_field *field = slip__field_find(&slip__record_guest, "disk");
    struct slip_disk *disk = slip__list_add(field, guest, given(0));

    assert_non_null(disk);
    set_str(&disk->target, target);
    set_str(&disk->vdev, vdev);
    slip__num_set(&disk->format, SLIP_DISK_FORMAT_RAW, given(0));
    slip__num_set(&disk->access, access, given(0));
    return disk;
}

static struct slip_vif *add_vif(struct slip_guest *guest)
{
    const struct slip_field *field = slip__field_find(&slip__record_guest, "vif");
    struct slip_vif *vif = slip__list_add(field, guest, given(0));

    assert_non_null(vif);
    return vif;
}

#define BOARD                                                                                   \
    "-nodefaults -no-user-config -display none "                                                \
    "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny "         \
    "-machine microvm,acpi=on,ioapic2=off,pit=on,pic=on,rtc=on,isa-serial=on,pcie=off,usb=off," \
    "dump-guest-core=off,memory-backend=ram "                                                   \
    "-global virtio-mmio.force-legacy=off -action reboot=shutdown,shutdown=pause,panic=pause "  \
    "-device pvpanic -S "
#define FILES                                                                              \
    "-bios /proc/self/fd/11 -chardev stdio,id=serial0,signal=off -serial chardev:serial0 " \
    "-chardev socket,id=qmp0,fd=13 -mon chardev=qmp0,mode=control"

static void expect_argv(const struct slip_guest *guest, bool kvm, const char *expected)
{
    const int disks[] = {20, 21, 22};
    const struct slip_qemu_fds fds = {.ram = 10, .rom = 11, .qmp = 13, .disks = disks};
    struct slip_qemu_argv argv;
    char line[4096] = "";

    assert_int_equal(slip__qemu_argv_make(&argv, "qemu", guest, &fds, kvm, NULL), 0);
    for (size_t i = 0; i < argv.count; i++) {
        strcat(line, i ? " " : "");
        strcat(line, argv.items[i]);
    }
    assert_null(argv.items[argv.count]);
    assert_string_equal(line, expected);
    slip__qemu_argv_dispose(&argv);
}

static void argv_small(void **state)
{
    struct slip_guest *guest = make_guest("a,b", 96, 1);

    (void)state;
    expect_argv(
        guest, false,
        "qemu -name guest=a,,b -uuid " UUID " " BOARD "-accel tcg,thread=multi "
        "-cpu max,-la57,-erms,-monitor,-svm,-mpx,vendor=GenuineIntel,family=6,model=53,stepping=1 "
        "-smp 1 -m 96M -object memory-backend-file,id=ram,size=96M,"
        "mem-path=/proc/self/fd/10,share=on " FILES);
    slip_guest_free(guest);
}

static void argv_devices(void **state)
{
    struct slip_guest *guest = make_guest("web", 6144, 16);

    (void)state;
    add_disk(guest, "/a", "xvda", SLIP_DISK_ACCESS_RW);
    add_disk(guest, "/b", "x,b", SLIP_DISK_ACCESS_RO);
    set_str(&add_vif(guest)->mac, "00:16:3e:11:22:33");
    add_vif(guest);
    expect_argv(
        guest, true,
        "qemu -name guest=web -uuid " UUID " " BOARD "-accel kvm -cpu host "
        "-smp 16 -m 6144M -object memory-backend-file,id=ram,size=6144M,"
        "mem-path=/proc/self/fd/10,share=on " FILES " -add-fd fd=20,set=0 "
        "-blockdev driver=file,node-name=file0,filename=/dev/fdset/0,read-only=off,locking=auto "
        "-blockdev driver=raw,node-name=disk0,file=file0,read-only=off "
        "-device virtio-blk-device,bus=virtio-mmio-bus.0,drive=disk0,serial=xvda,rerror=report,"
        "werror=report -add-fd fd=21,set=1 "
        "-blockdev driver=file,node-name=file1,filename=/dev/fdset/1,read-only=on,locking=auto "
        "-blockdev driver=raw,node-name=disk1,file=file1,read-only=on "
        "-device virtio-blk-device,bus=virtio-mmio-bus.1,drive=disk1,serial=x,,b,rerror=report,"
        "werror=report -netdev user,id=net0 "
        "-device virtio-net-device,bus=virtio-mmio-bus.2,netdev=net0,mac=00:16:3e:11:22:33 "
        "-netdev user,id=net1 "
        "-device virtio-net-device,bus=virtio-mmio-bus.3,netdev=net1,mac=00:16:3e:61:e2:4b");
    slip_guest_free(guest);
}

static void macs(void **state)
{
    char a[SLIP_MAC_TEXT_BYTES], b[SLIP_MAC_TEXT_BYTES], c[SLIP_MAC_TEXT_BYTES];

    (void)state;
    slip__qemu_mac(UUID, 0, a);
    slip__qemu_mac("F81D4FAE7DEC11D0A76500A0C91E6BF6", 0, b);
    assert_string_equal(a, b); /* one UUID, two spellings */
    assert_memory_equal(a, "00:16:3e:", 9);
    assert_true(strtoul(a + 9, NULL, 16) < 0x80);
    slip__qemu_mac("f81d4fae-7dec-11d0-a765-00a0c91e6bf7", 0, b);
    assert_string_not_equal(a, b);
    for (size_t i = 0; i < 8; i++)
        for (size_t k = i + 1; k < 8; k++) {
            slip__qemu_mac(UUID, i, b);
            slip__qemu_mac(UUID, k, c);
            assert_string_not_equal(b, c);
        }
    slip__qemu_mac(NULL, 0, b);
    assert_int_equal(strlen(b), 17);
}

/* Runs check() and compares what it says, a line per diagnostic: "E605 message". */
static void expect_said(const struct slip_guest *guest, const char *expected)
{
    struct slip_diags *diags = slip_diags_new();
    char text[4096] = "";

    slip__engine_qemu.check(guest, diags);
    for (size_t i = 0; i < slip_diags_count(diags); i++) {
        const struct slip_diag *d = slip_diags_at(diags, i);
        size_t len = strlen(text);

        snprintf(text + len, sizeof(text) - len, "%c%u %s\n",
                 slip_diag_severity(d) == SLIP_ERROR ? 'E' : 'W', slip_diag_code(d),
                 slip_diag_message(d));
    }
    assert_string_equal(text, expected);
    slip_diags_free(diags);
}

static void check_silent(void **state)
{
    struct slip_guest *guest = make_guest("a", 512, 4);
    struct slip_mark mark = given(3);

    (void)state;
    add_disk(guest, "/a", "xvda", SLIP_DISK_ACCESS_RW);
    add_vif(guest);
    assert_int_equal(slip__strs_add(&guest->serial, "pty", 3, mark), 0);
    slip__num_set(&guest->maxmem, 512, mark); /* given, and no more than there is */
    slip__num_set(&guest->on_crash, SLIP_ACTION_PRESERVE, mark);
    expect_said(guest, "");
    slip_guest_free(guest);
}

static void check_guest_values(void **state)
{
    struct slip_guest *guest = make_guest("a", 512, 4);

    (void)state;
    slip__num_set(&guest->type, SLIP_TYPE_PV, given(1));
    slip__num_set(&guest->maxmem, 1024, given(2));
    slip__num_set(&guest->maxvcpus, 8, given(3));
    slip__num_set(&guest->on_watchdog, SLIP_ACTION_DESTROY, given(4));
    assert_int_equal(slip__strs_add(&guest->serial, "tcp:1.2.3.4:5", 13, given(5)), 0);
    assert_int_equal(slip__strs_add(&guest->serial, "pty", 3, given(6)), 0);
    expect_said(
        guest,
        "E603 the qemu engine can't start a pv guest: those need Xen\n"
        "W604 maxmem has no effect on the qemu engine: the guest keeps its 512 MiB, it can't grow to 1024\n"
        "W604 maxvcpus has no effect on the qemu engine: the guest keeps its 4 vCPUs, it can't bring up 8\n"
        "E605 the qemu engine can't lead the serial port to 'tcp:1.2.3.4:5'\n"
        "E605 the qemu engine's machine has one serial port; this is number 2\n"
        "W604 on_watchdog has no effect on the qemu engine: its machine has no watchdog\n");
    slip__num_set(&guest->type, SLIP_TYPE_HVM, given(1));
    slip__num_set(&guest->vcpus, slip__machine_microvm.vcpus_max + 1, given(1));
    slip_guest_free(guest);
}

static void check_disk_values(void **state)
{
    struct slip_guest *guest = make_guest("a", 512, 1);
    struct slip_disk *disk = add_disk(guest, "/a", "xvda", SLIP_DISK_ACCESS_RW);

    (void)state;
    slip__num_set(&disk->format, SLIP_DISK_FORMAT_QCOW2, given(1));
    slip__num_set(&disk->cdrom, 1, given(2));
    set_str(&disk->backendtype, "qdisk");
    set_str(&disk->script, "block-drbd");
    expect_said(
        guest,
        "E605 the qemu engine takes raw disks only\n"
        "E605 the qemu engine runs no hotplug scripts: name the block device that 'block-drbd' would make\n"
        "W604 'backendtype' has no effect on the qemu engine: QEMU serves every disk\n"
        "W604 the qemu engine has no CD-ROM drive: the guest sees a disk it can only read\n");
    slip_guest_free(guest);
}

static void check_vif_values(void **state)
{
    struct slip_guest *guest = make_guest("a", 512, 1);
    struct slip_vif *vif = add_vif(guest);

    (void)state;
    set_str(&vif->bridge, "xenbr0");
    set_str(&vif->script, "vif-nat");
    set_str(&vif->ip, "10.0.0.1");
    set_str(&vif->vifname, "web0");
    set_str(&vif->model, "e1000");
    set_str(&vif->type, "ioemu");
    expect_said(
        guest,
        "W604 'bridge' has no effect on the qemu engine: its networks are user-mode, behind the host's address\n"
        "W604 'script' has no effect on the qemu engine: it runs no hotplug scripts\n"
        "W604 'ip' has no effect on the qemu engine: addresses are for Xen's hotplug scripts; guests get one by DHCP\n"
        "W604 'vifname' has no effect on the qemu engine: a user-mode network has no interface on the host\n"
        "W604 the qemu engine has no card 'e1000': the guest sees a virtio one\n"
        "W604 the qemu engine emulates no card: the guest sees a virtio one\n");
    slip_guest_free(guest);
}

static void check_slots(void **state)
{
    struct slip_guest *guest = make_guest("a", 512, 1);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        add_disk(guest, "/a", "xvda", SLIP_DISK_ACCESS_RO);
    for (unsigned i = 0; i < 3; i++)
        add_vif(guest);
    expect_said(guest, "");
    add_vif(guest);
    expect_said(guest, "E606 5 disks and 4 network interfaces need 9 slots, the qemu engine's "
                       "machine has 8\n");
    slip_guest_free(guest);
}

/* A folder for files of one test. */
struct place {
    char folder[64];
    char file[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (!p)
        return -1;
    strcpy(p->folder, "/tmp/slip-test-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->file, sizeof(p->file), "%s/disk", p->folder);
    *state = p;
    return 0;
}

static int drop_place(void **state)
{
    struct place *p = *state;

    unlink(p->file);
    rmdir(p->folder);
    free(p);
    return 0;
}

static void make_file(const char *path, off_t bytes, mode_t mode)
{
    int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, bytes), 0);
    close(fd);
}

/* Opening is refused with this in the message; "" for success. */
static void expect_disk(const char *path, enum slip_disk_access access, const char *expected)
{
    struct slip_guest *guest = make_guest("a", 512, 1);
    struct slip_disk *disk = add_disk(guest, path, "xvda", access);
    struct slip_error *err = NULL;
    int fd = slip__disk_open(disk, 3, &err);

    if (!*expected) {
        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE,
                         access == SLIP_DISK_ACCESS_RW ? O_RDWR : O_RDONLY);
        close(fd);
    } else {
        assert_int_equal(fd, SLIP_EENGINE);
        assert_memory_equal(slip_error_message(err), "disk 3", 6);
        if (!strstr(slip_error_message(err), expected))
            fail_msg("'%s' is not in: %s", expected, slip_error_message(err));
    }
    slip_error_free(err);
    slip_guest_free(guest);
}

static void disks(void **state)
{
    struct place *p = *state;

    expect_disk(p->file, SLIP_DISK_ACCESS_RW, "No such file or directory");
    expect_disk(p->folder, SLIP_DISK_ACCESS_RO, "is a directory");
    expect_disk("/dev/null", SLIP_DISK_ACCESS_RW, "is a character device");
    make_file(p->file, 0, 0600);
    expect_disk(p->file, SLIP_DISK_ACCESS_RW, "is empty");
    make_file(p->file, 4096, 0600);
    expect_disk(p->file, SLIP_DISK_ACCESS_RW, "");
    expect_disk(p->file, SLIP_DISK_ACCESS_RO, "");
    unlink(p->file);
    assert_int_equal(mkfifo(p->file, 0600), 0);
    expect_disk(p->file, SLIP_DISK_ACCESS_RW,
                "is a pipe"); /* and does not wait for its other end */
}

/* As somebody whom the file's mode binds. */
static void disks_permission(void **state)
{
    struct place *p = *state;
    uid_t before = geteuid();

    make_file(p->file, 4096, 0444);
    assert_int_equal(chmod(p->folder, 0755), 0);
    if (before == 0) {
        assert_int_equal(seteuid(65534), 0);
        prctl(PR_SET_DUMPABLE, 1); /* or /proc/self is root's */
    }
    expect_disk(p->file, SLIP_DISK_ACCESS_RW, "Permission denied");
    expect_disk(p->file, SLIP_DISK_ACCESS_RO, "");
    assert_int_equal(seteuid(before), 0);
}

static void lock_byte(int fd, off_t byte)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
}

/* The locks are QEMU's: 101 "I write", 201 "nobody else may write". */
static void disks_in_use(void **state)
{
    struct place *p = *state;
    int writer, reader;

    make_file(p->file, 4096, 0600);
    reader = open(p->file, O_RDONLY | O_CLOEXEC);
    lock_byte(reader, 201);
    expect_disk(p->file, SLIP_DISK_ACCESS_RO, "");
    expect_disk(p->file, SLIP_DISK_ACCESS_RW, "is being used by another");
    writer = open(p->file, O_RDWR | O_CLOEXEC);
    lock_byte(writer, 101);
    expect_disk(p->file, SLIP_DISK_ACCESS_RO, "is being written by another");
    expect_disk(p->file, SLIP_DISK_ACCESS_RW, "is being written by another");
    close(reader);
    close(writer);
    expect_disk(p->file, SLIP_DISK_ACCESS_RW, ""); /* locks die with their owner */
}

/* Above 4 GiB the file goes on where low memory ended. */
static void ram_above_4g(void **state)
{
    struct slip_qemu_ram ram;
    uint64_t *low, *high, in_file = 0;
    uint64_t bytes = 6ull << 30;

    (void)state;
    assert_int_equal(slip__qemu_ram_init(&ram, &slip__machine_microvm, bytes, NULL), 0);
    low = slip__ram_at(&ram.ram, "test", 0x1000, 8, NULL);
    high = slip__ram_at(&ram.ram, "test", (4ull << 30) + 0x2000, 8, NULL);
    assert_non_null(low);
    assert_non_null(high);
    assert_true(*low == 0 && *high == 0);
    *low = 11;
    *high = 22;
    assert_int_equal(pread(ram.fd, &in_file, 8, 0x1000), 8);
    assert_int_equal(in_file, 11);
    assert_int_equal(pread(ram.fd, &in_file, 8, (off_t)((3ull << 30) + 0x2000)), 8);
    assert_int_equal(in_file, 22);
    assert_null(slip__ram_at(&ram.ram, "test", 3ull << 30, 1, NULL)); /* the hole */
    assert_null(slip__ram_at(&ram.ram, "test", (7ull << 30) - 4, 8, NULL));
    slip__qemu_ram_release(&ram);
    assert_int_equal(*high, 22);
    assert_true(ftruncate(ram.fd, 4096) < 0); /* nobody takes it from under us */
    slip__qemu_ram_dispose(&ram);
    slip__qemu_ram_dispose(&ram);
}

/* Little-endian, as the ROM reads it. */
static uint64_t field(const uint8_t *block, unsigned offset, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)block[offset + i] << (8 * i);
    return value;
}

/* A PVH start: what the ROM makes of it is what it always was. */
static void reset_block(void **state)
{
    struct slip_plan plan = {
        .start = {.entry_gpa = 0x1000370, .start_info_gpa = 0x2000, .rbx = 0x2000}};
    struct slip_qemu_ram ram;
    struct slip_error *err = NULL;
    uint8_t expected[0xb0] = "SLIPRST2";
    static const uint8_t descriptors[64] = {
        0,    0,    0, 0, 0, 0,    0,    0, 0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0,
        0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0, 0x67, 0,    0, 0, 0, 0x89, 0,    0,
        0,    0,    0, 0, 0, 0,    0,    0, 0,    0,    0, 0, 0, 0,    0,    0,
        0,    0,    0, 0, 0, 0,    0,    0, 0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0};

    (void)state;
    memcpy(expected + 0x08, "\x70\x03\x00\x01", 4);
    expected[0x19] = 0x20; /* rbx */
    expected[0x5a] = 0x08;
    expected[0x5c] = 0x10;
    expected[0x5e] = 0x18;
    memcpy(expected + 0x70, descriptors, sizeof(descriptors));
    assert_int_equal(slip__qemu_ram_init(&ram, &slip__machine_microvm, 1 << 20, NULL), 0);
    assert_int_equal(slip__reset_block_write(&ram.ram, &plan, NULL), 0);
    assert_memory_equal(slip__ram_at(&ram.ram, "test", 0x1000, 0xb0, NULL), expected, 0xb0);
    plan.start.entry_gpa = 1ull << 32;
    assert_int_equal(slip__reset_block_write(&ram.ram, &plan, &err), SLIP_EINTERNAL);
    slip_error_free(err);
    slip__qemu_ram_dispose(&ram);
}

/* A long-mode start: every field has its place, and selectors their descriptors. */
static void reset_block_long(void **state)
{
    struct slip_plan plan = {.start = {.mode = SLIP_CPU_LONG64,
                                       .entry_gpa = 0x123456789a,
                                       .rax = 1,
                                       .rbx = 2,
                                       .rcx = 3,
                                       .rsi = 0x1122334455667788,
                                       .rdi = 5,
                                       .rbp = 6,
                                       .rsp = 7,
                                       .cr3 = 0x9000,
                                       .gdt_gpa = 0x8000,
                                       .gdt_bytes = 40,
                                       .cs = 0x10,
                                       .ds = 0x18,
                                       .tr = 0x20}};
    static const uint64_t regs[] = {1, 2, 3, 0x1122334455667788, 5, 6, 7, 0x9000};
    struct slip_qemu_ram ram;
    struct slip_error *err = NULL;
    uint8_t *block;

    (void)state;
    assert_int_equal(slip__qemu_ram_init(&ram, &slip__machine_microvm, 1 << 20, NULL), 0);
    assert_int_equal(slip__reset_block_write(&ram.ram, &plan, NULL), 0);
    block = slip__ram_at(&ram.ram, "test", 0x1000, 0xb0, NULL);
    assert_int_equal(field(block, 0x08, 8), 0x123456789a);
    for (unsigned i = 0; i < SLIP_COUNT(regs); i++)
        assert_int_equal(field(block, 0x10 + 8 * i, 8), regs[i]);
    assert_int_equal(field(block, 0x50, 2), 39);
    assert_int_equal(field(block, 0x52, 8), 0x8000);
    assert_int_equal(field(block, 0x5a, 2), 0x10);
    assert_int_equal(field(block, 0x5c, 2), 0x18);
    assert_int_equal(field(block, 0x5e, 2), 0x20);
    assert_int_equal(field(block, 0x60, 4), 1);
    assert_int_equal(field(block, 0x70 + 0x08, 8), 0);
    assert_int_equal(field(block, 0x70 + 0x10, 8), 0x00af9b000000ffff);
    assert_int_equal(field(block, 0x70 + 0x18, 8), 0x00cf93000000ffff);
    assert_int_equal(field(block, 0x70 + 0x20, 8), 0x0000890000000067);
    assert_int_equal(field(block, 0x70 + 0x38, 8), 0x00cf9b000000ffff);
    plan.start.cs = 0x38; /* the ROM's own */
    assert_int_equal(slip__reset_block_write(&ram.ram, &plan, &err), SLIP_EINTERNAL);
    slip_error_free(err);
    err = NULL;
    plan.start.cs = 0x10;
    plan.start.cr3 = 1ull << 32;
    assert_int_equal(slip__reset_block_write(&ram.ram, &plan, &err), SLIP_EINTERNAL);
    slip_error_free(err);
    slip__qemu_ram_dispose(&ram);
}

static void reset_rom(void **state)
{
    int fd = slip__reset_rom_file(NULL);
    struct stat st;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 65536);
    assert_true(write(fd, "x", 1) < 0);
    close(fd);
}

static void child_words(void **state)
{
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"},
                    (char[]){"echo first; printf 'la\\033st\\n\\n' >&2; exit 3"}, NULL};
    struct slip_child child;
    char text[256];

    (void)state;
    assert_int_equal(slip__child_start(&child, argv, NULL, NULL, 0, NULL), 0);
    assert_true(slip__child_wait(&child, 10000));
    slip__child_describe_end(&child, text, sizeof(text));
    assert_string_equal(text, "exited with status 3: la?st");
    slip__child_dispose(&child);
    slip__child_dispose(&child);
}

/* Root's child is nobody: it has a user and a group of its own, no other group, and can't come back. */
static void child_is_not_root(void **state)
{
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"},
                    (char[]){"sed -nE 's/^(Uid|Gid|Groups|CapEff):\\t *//p' /proc/self/status"},
                    NULL};
    struct slip_child child;
    unsigned uids[4], gids[4];
    char text[512], caps[64] = "";

    (void)state;
    assert_int_equal(slip__child_start(&child, argv, NULL, NULL, 0, NULL), 0);
    assert_true(slip__child_wait(&child, 10000));
    slip__child_output(&child, text, sizeof(text));
    /* No groups: that line is empty, and the next number is the capabilities'. */
    assert_int_equal(sscanf(text, "%u %u %u %u %u %u %u %u %63s", &uids[0], &uids[1], &uids[2],
                            &uids[3], &gids[0], &gids[1], &gids[2], &gids[3], caps),
                     9);
    for (size_t i = 0; i < 4; i++) {
        assert_true(uids[i] >= SLIP_CHILD_NOBODY);
        assert_int_equal(gids[i], uids[0]);
    }
    assert_string_equal(caps, "0000000000000000");
    slip__child_dispose(&child);
}

static void child_missing(void **state)
{
    char *argv[] = {(char[]){"/nonexistent/program"}, NULL};
    struct slip_child child;
    char text[256];

    (void)state;
    assert_int_equal(slip__child_start(&child, argv, NULL, NULL, 0, NULL), 0);
    assert_true(slip__child_wait(&child, 10000));
    slip__child_describe_end(&child, text, sizeof(text));
    assert_string_equal(text, "exited with status 127: cannot execute /nonexistent/program: No "
                              "such file or directory");
    slip__child_dispose(&child);
}

/* It has what it was given and nothing else, and says no more than is kept. */
static void child_descriptors(void **state)
{
    char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"},
                    (char[]){"cd /proc/self/fd; for f in *; do [ $f -lt 10 ] && echo -n $f; done; "
                             "yes | head -c 100000; exit 0"},
                    NULL};
    int leaked = dup2(0, 8), kept = dup2(0, 7);
    struct slip_child child;
    char text[16];

    (void)state;
    assert_true(leaked == 8 && kept == 7);
    assert_int_equal(slip__child_start(&child, argv, NULL, &kept, 1, NULL), 0);
    assert_true(slip__child_wait(&child, 10000));
    slip__child_output(&child, text, sizeof(text));
    assert_memory_equal(text, "01237", 5); /* 3: the folder that is being listed */
    slip__child_dispose(&child);
    close(leaked);
    close(kept);
}

/* No SIGCHLD, nothing for anybody else's wait(), and no process left. */
static void child_is_nobodys(void **state)
{
    char *argv[] = {(char[]){"/bin/sleep"}, (char[]){"1000"}, NULL};
    struct slip_child child;

    (void)state;
    assert_int_equal(slip__child_start(&child, argv, NULL, NULL, 0, NULL), 0);
    assert_false(slip__child_ended(&child));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    slip__child_dispose(&child);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
}

static void find_program(void **state)
{
    struct place *p = *state;
    char path[256], dir[160], *found = NULL;
    const char *const nowhere[] = {"/nonexistent/qemu"};
    struct slip_error *err = NULL;

    assert_int_equal(slip__qemu_find(nowhere, 1, NULL, &found, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "qemu-system-x86_64 is not installed");
    assert_non_null(slip_error_hint(err));
    slip_error_free(err);
    err = NULL;
    snprintf(p->file, sizeof(p->file), "%s/qemu-system-x86_64", p->folder);
    make_file(p->file, 1, 0600);
    snprintf(path, sizeof(path), ":relative:/nonexistent::%s", p->folder);
    assert_int_equal(slip__qemu_find(nowhere, 1, path, &found, NULL), SLIP_EENGINE);
    assert_int_equal(chmod(p->file, 0700), 0);
    assert_int_equal(slip__qemu_find(nowhere, 1, path, &found, NULL), 0);
    assert_string_equal(found, p->file);
    free(found);
    snprintf(dir, sizeof(dir), "%s", p->folder);
    const char *const places[] = {"/nonexistent/qemu", dir, p->file}; /* a folder is no program */
    assert_int_equal(slip__qemu_find(places, 3, NULL, &found, NULL), 0);
    assert_string_equal(found, p->file);
    free(found);
}

static void cpu_flags(void **state)
{
    (void)state;
    assert_true(slip__qemu_cpuinfo_virtualizes("processor\t: 0\nflags\t\t: fpu svm\n"));
    assert_true(slip__qemu_cpuinfo_virtualizes("flags\t\t: fpu vmx de\nvmx flags\t: ept\n"));
    assert_false(slip__qemu_cpuinfo_virtualizes("flags\t\t: fpu svm_lock xvmx\nbugs: vmx\n"));
    assert_false(slip__qemu_cpuinfo_virtualizes("model name\t: vmx\nflags\t\t:\n"));
    assert_false(slip__qemu_cpuinfo_virtualizes(""));
    assert_false(slip__qemu_cpuinfo_virtualizes("flags"));
}

static void registry(void **state)
{
    const struct slip_engine *engine = NULL;
    struct slip_error *err = NULL;
    struct slip_engine_status status = {.size = sizeof(status)};
    size_t defaults = 0, i;

    (void)state;
    assert_int_equal(slip__engine_find("null", &engine, NULL), 0);
    assert_string_equal(engine->name, "null");
    assert_int_equal(slip__engine_find("qemo", &engine, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "there is no engine 'qemo'");
    assert_string_equal(slip_error_hint(err),
                        "did you mean 'qemu'? the engines are: xen, qemu, null");
    slip_error_free(err);
    for (i = 0; slip_engine_status_at(i, &status, NULL) == 0; i++) {
        assert_string_equal(status.name, slip__engine_at(i)->name);
        assert_true(status.detail[0]);
        assert_false(status.is_default && strcmp(status.name, "null") == 0);
        defaults += status.is_default;
    }
    assert_int_equal(i, 3);
    assert_true(defaults <= 1);
    assert_int_equal(slip_engine_status_at(i, &status, NULL), SLIP_ENOENT);
    status.size = 1;
    assert_int_equal(slip_engine_status_at(0, &status, NULL), SLIP_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argv_small),
        cmocka_unit_test(argv_devices),
        cmocka_unit_test(macs),
        cmocka_unit_test(check_silent),
        cmocka_unit_test(check_guest_values),
        cmocka_unit_test(check_disk_values),
        cmocka_unit_test(check_vif_values),
        cmocka_unit_test(check_slots),
        cmocka_unit_test_setup_teardown(disks, make_place, drop_place),
        cmocka_unit_test_setup_teardown(disks_permission, make_place, drop_place),
        cmocka_unit_test_setup_teardown(disks_in_use, make_place, drop_place),
        cmocka_unit_test(ram_above_4g),
        cmocka_unit_test(reset_block),
        cmocka_unit_test(reset_block_long),
        cmocka_unit_test(reset_rom),
        cmocka_unit_test(child_words),
        cmocka_unit_test(child_missing),
        cmocka_unit_test(child_descriptors),
        cmocka_unit_test(child_is_nobodys),
        TEST_IF(geteuid() == 0, child_is_not_root, "needs root to give it up"),
        cmocka_unit_test_setup_teardown(find_program, make_place, drop_place),
        cmocka_unit_test(cpu_flags),
        cmocka_unit_test(registry),
    };

    return cmocka_run_group_tests_name("qemu", tests, NULL, NULL);
}
