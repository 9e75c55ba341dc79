/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints docs/guest-file.md: the words about the language from here, every key from the tables that the parser itself uses. */
#include <stdio.h>
#include <string.h>

#include "config/xl.h"
#include "guest/schema.h"

static const char introduction[] =
    "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
    "<!-- Made by docs/gen/guest_file.c from the tables of the source: `ninja -C build docs-refresh`. -->\n"
    "# The guest file\n"
    "\n"
    "A guest is described by a text in the language of xl, Xen's own tool, so that one file serves both. The smallest:\n"
    "\n"
    "```\n"
    "name = \"hello\"\n"
    "type = \"pvh\"\n"
    "kernel = \"vmlinuz\"\n"
    "ramdisk = \"initrd.img\"\n"
    "memory = 256\n"
    "```\n"
    "\n"
    "`slipway check FILE` says what is wrong with a file and where, `slipway plan FILE` what would be built of it, and\n"
    "`slipway explain SLIP-nnn` tells more about a message (all of them: [errors.md](errors.md)).\n"
    "\n"
    "## The language\n"
    "\n"
    "- A description is UTF-8 text of at most 1 MiB. It is a row of statements `KEY = VALUE`, one a line or separated by `;`.\n"
    "  Space and tab mean nothing between words. `#` begins a comment that runs to the end of the line.\n"
    "- A **string** stands in single or double quotes, on one line. In both kinds, `\\\\` `\\'` `\\\"` `\\a` `\\b` `\\f` `\\n` `\\r`\n"
    "  `\\t` `\\v` `\\ooo` (octal) and `\\xhh` are escapes. Any other backslash is an error.\n"
    "- A **number** is decimal (`512`), octal (`01000`) or hexadecimal (`0x200`), whole and without a unit. A quoted number is\n"
    "  taken where a number is wanted, and a number where a string is.\n"
    "- A **boolean** is a number: 0 is false, any other true. There is no `True`.\n"
    "- A **list** is `[ VALUE, VALUE, ... ]`; it may run over several lines, end in a comma, and hold lists.\n"
    "- `KEY += VALUE` appends a string to a string or a list to a list.\n"
    "- A key that is set twice has its last value, with a warning.\n"
    "- An unknown key is an error with a suggestion. With `--xl-compat`, and when called as `xl`, it is a warning.\n"
    "- Words out of a set (`pvh`, `restart`, ...) match whole and in small letters.\n"
    "\n"
    "Beyond xl, lines may end in CR LF, a byte order mark is passed over, `\\ooo` and `\\xhh` work as documented, the last line\n"
    "needs no end, and strings may stand in three quotes (some files made for xm have such).\n"
    "\n"
    "**Paths** may be relative; they are meant from the folder of the file (from the working directory for standard input).\n"
    "\n"
    "**On the command line**, `KEY=VALUE` after the file is a statement that comes after the file's own, so it wins:\n"
    "`slipway run web.cfg memory=1024 'extra=loglevel=7 quiet'`. What is no number, quoted string or list is taken as text up to\n"
    "the end of the argument.\n"
    "\n"
    "## How a guest starts\n"
    "\n"
    "`type` names the container. `builder` is its old spelling: alone it works and warns; together with `type` it is an error\n"
    "(with `--xl-compat` a warning while both mean the same).\n"
    "\n"
    "A guest starts in exactly one way; two of them are an error that shows both lines:\n"
    "\n"
    "1. `kernel`, with `ramdisk` and `cmdline`: a kernel file of the host.\n"
    "2. `firmware`: a name or a path (with a `/` or a `.` in it). `uefi` means ovmf and `bios` means seabios; `bios = \"...\"` is\n"
    "   an older spelling for hvm. hvm guests start ovmf, seabios and rombios; pv and pvh guests start pvgrub (pv also pvgrub32\n"
    "   and pvgrub64, xl's names).\n"
    "3. `bootloader`: a program that picks a kernel off the guest's disk, for pv and pvh guests.\n"
    "\n"
    "An hvm guest with none of them boots its disks with the default firmware, seabios. This version builds guests that start\n"
    "from `kernel` in a pvh container; it refuses the other ways before anything is created.\n"
    "\n"
    "A kernel's own entries decide by which boot protocol a pvh guest starts: the first that it has of PVH, Linux 64-bit, Linux\n"
    "32-bit, Multiboot 2 and Multiboot 1. `slipway plan FILE` says which, and why each other was passed over; `protocol` forces one.\n"
    "Linux as a plain ELF file without notes starts by `protocol = \"linux64\"` alone, since nothing in it says that it is Linux. A\n"
    "file of no format is `protocol = \"flat\"`, with `load_address`, and `entry_address` if it is not entered at its first byte. For\n"
    "Linux' own entries several modules are one initrd, one behind the other.\n"
    "\n"
    "The command line is `cmdline`; without it, `root=ROOT` and the text of `extra`, one after the other. With `cmdline`, `root`\n"
    "and `extra` have no effect and warn. A command line without `console=` gets the engine's own; `autoconsole = 0` stops that.\n";

static const char *kind_text(const struct slip_field *field)
{
    switch (field->kind) {
    case SLIP_KIND_STR:
        return "string";
    case SLIP_KIND_INT:
        return "number";
    case SLIP_KIND_BOOL:
        return "boolean";
    case SLIP_KIND_ENUM:
        return "word";
    case SLIP_KIND_STRS:
    case SLIP_KIND_LIST:
        return "list";
    }
    return "";
}

/* A cell of a table: a bar would end it. */
static void cell(const char *text)
{
    for (; *text; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_field(const struct slip_field *field)
{
    if (field->key_len)
        printf("| `%s` | %s", field->key, kind_text(field));
    else
        printf("| (`%s`) | %s", field->name, kind_text(field));
    if (field->kind == SLIP_KIND_INT)
        printf(" %lld to %lld%s%s", (long long)field->min, (long long)field->max,
               *field->unit ? " " : "", field->unit);
    else if (field->kind == SLIP_KIND_ENUM)
        printf(", see [%s](#words-%s)", field->words->name, field->words->name);
    printf(" | ");
    cell(field->default_text);
    printf(" | ");
    cell(field->doc);
    printf(" |\n");
}

static void print_head(void)
{
    printf("\n| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
}

static void print_record(const struct slip_record *record)
{
    print_head();
    for (size_t i = 0; i < record->n_fields; i++)
        print_field(&record->fields[i]);
}

/* A table for each topic. */
static void print_guest(void)
{
    size_t topic = 0;

    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        const struct slip_field *field = &slip__record_guest.fields[i];

        if (topic < slip__guest_n_topics && slip__guest_topics[topic].offset == field->offset) {
            printf("\n### %s\n", slip__guest_topics[topic++].title);
            print_head();
        }
        print_field(field);
    }
}

/* How lists of devices are written that have no chapter of their own. */
static void print_devices(void)
{
    static const struct {
        const struct slip_record *record;
        const char *key, *example;
    } devices[] = {
        {&slip__record_vkb, "vkb", "vkb = [ \"backend-type=linux,unique-id=T1\" ]"},
        {&slip__record_vdispl, "vdispl", "vdispl = [ \"connectors=id0:1920x1080;id1:800x600\" ]"},
        {&slip__record_vsnd, "vsnd",
         "vsnd = [ [ \"card, short-name=Main\", \"pcm, name=dev1\", \"stream, unique-id=0, type=p\" ] ]"},
        {&slip__record_vsnd_pcm, "pcm of vsnd", NULL},
        {&slip__record_vsnd_stream, "stream of vsnd", NULL},
        {&slip__record_channel, "channel",
         "channel = [ \"connection=pty,name=org.example.agent\" ]"},
        {&slip__record_pci, "pci",
         "pci = [ \"01:00.0\", \"0000:02:00.*@5,permissive=1\", \"name=card\" ]"},
        {&slip__record_usbctrl, "usbctrl", "usbctrl = [ \"type=qusb,version=2,ports=4\" ]"},
        {&slip__record_usbdev, "usbdev", "usbdev = [ \"hostbus=1,hostaddr=3\" ]"},
        {&slip__record_vtpm, "vtpm", "vtpm = [ \"backend=vtpmmgr\" ]"},
        {&slip__record_p9, "p9", "p9 = [ \"tag=share,path=/srv,security_model=none\" ]"},
        {&slip__record_pvcalls, "pvcalls", "pvcalls = [ \"backend=net\" ]"},
        {&slip__record_virtio, "virtio", "virtio = [ \"type=virtio,device22,transport=mmio\" ]"},
        {&slip__record_vnode, "vnuma",
         "vnuma = [ [ \"pnode=0\", \"size=512\", \"vcpus=0-1\", \"vdistances=10,20\" ], ... ]"},
    };

    printf(
        "\n## Other devices\n\n"
        "Each is a list of strings, one a device, with `KEY=VALUE` pairs separated by commas; no value has a comma in it. `slipway plan`\n"
        "says which of them the engine acts on.\n");
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        printf("\n### %s\n\n%s", devices[i].key, devices[i].record->doc);
        if (devices[i].example)
            printf(": `%s`", devices[i].example);
        printf(".\n");
        print_record(devices[i].record);
    }
}

/* Each set of words once, where the first key that takes it is. */
static void print_words(const struct slip_record *record, const struct slip_enum_table **seen,
                        size_t *n_seen)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_enum_table *words = record->fields[i].words;
        bool known = !words;

        for (size_t k = 0; k < *n_seen; k++)
            known |= seen[k] == words;
        if (known)
            continue;
        seen[(*n_seen)++] = words;
        printf("\n### Words: %s\n\n", words->name);
        for (size_t k = 0; k < words->count; k++)
            printf("- `%s`: %s\n", words->items[k].word, words->items[k].doc);
    }
}

static void print_disk(void)
{
    printf(
        "\n## Disks\n\n"
        "`disk` is a list of strings, one a disk, in the spellings of xl-disk-configuration(5):\n\n"
        "```\n"
        "disk = [\n"
        "    \"disk.img,raw,xvda,rw\",                                    # TARGET,FORMAT,VDEV,ACCESS by position\n"
        "    \"format=raw, vdev=xvdb, access=ro, target=/srv/a,b.img\",   # by name; target= comes last and takes the rest\n"
        "    \"/srv/cd.iso,,xvdc,cdrom\",                                 # an empty part has its default\n"
        "]\n"
        "```\n\n"
        "`access` is `ro` or `r`, `rw` or `w`. `cdrom` is short for `devtype=cdrom`; such a drive is read-only and may have no\n"
        "target. xend's prefixes (`file:`, `phy:`, `tap:aio:`, `raw:`, `qcow2:`, `vhd:`, `nbd:`, ...) and `vdev:cdrom` are read\n"
        "and warn. Formats other than raw are read; an engine that cannot serve one refuses it before anything is created.\n");
    print_record(&slip__record_disk);
}

static void print_vif(void)
{
    printf(
        "\n## Network interfaces\n\n"
        "`vif` is a list of strings, one an interface: `KEY=VALUE` pairs separated by commas. `vif = [ \"\" ]` is one interface\n"
        "with every default.\n\n"
        "On the qemu engine an interface is QEMU's user-mode network: the guest is 10.0.2.15 and reaches what the host reaches,\n"
        "the host's own loopback included, which it sees as 10.0.2.2. Give none to a guest that is not to be trusted with that.\n");
    print_record(&slip__record_vif);
}

static void print_vfb(void)
{
    printf(
        "\n## Screens\n\n"
        "`vfb` is a list of strings like those of `vif`, one a paravirtual screen with its keyboard and mouse. A QEMU of the host shows\n"
        "it, by VNC or in a window. Only Xen has such screens: on other engines they warn.\n");
    print_record(&slip__record_vfb);
}

static void print_ignored(void)
{
    struct xl_ignored_cursor cursor = {0};
    const char *key, *reason, *last = NULL;

    printf("\n## Keys without effect\n\n"
           "xl passes over these, too; they warn:\n");
    while ((key = slip__xl_ignored_next(&cursor, &reason))) {
        if (reason != last)
            printf("\n- %s:\n ", reason);
        printf(" `%s`", key);
        last = reason;
    }
    printf("\n\nParts of an interface:\n\n");
    for (size_t i = 0; (key = slip__xl_ignored_part_at("vif", i, &reason)); i++)
        printf("- `%s`: %s\n", key, reason);
}

int main(void)
{
    const struct slip_enum_table *seen[64];
    size_t n_seen = 0;

    fputs(introduction, stdout);
    printf(
        "\n## Keys\n\n"
        "A name in parentheses is no key: it is what other formats say and xl has no word for.\n");
    print_guest();
    print_disk();
    print_vif();
    print_vfb();
    print_devices();
    printf("\n## Words\n");
    print_words(&slip__record_guest, seen, &n_seen);
    print_words(&slip__record_disk, seen, &n_seen);
    print_words(&slip__record_vif, seen, &n_seen);
    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        if (slip__record_guest.fields[i].item)
            print_words(slip__record_guest.fields[i].item, seen, &n_seen);
    }
    print_words(&slip__record_vsnd_stream, seen, &n_seen);
    print_ignored();
    return ferror(stdout) ? 1 : 0;
}
