/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Elements to text as libvirt prints them: which order, which layout. The orders are those of libvirt's own output
 * (virDomainDefFormat and what it calls). It must not know how elements come from a guest.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/libvirt.h"

/* The children of an element, in order; "" for the parent stands for any that is not listed. */
struct order {
    const char *parent;
    const char *
        children; /* with a blank before and after each; those that there is one at most of end with a '1' */
};

static const struct order orders[] = {
    {"domain",
     " name1 uuid1 genid1 title1 description1 metadata1 maxMemory1 memory1 currentMemory1 blkiotune1 memtune1"
     " memoryBacking1 vcpu1 vcpus1 iothreads1 iothreadids1 defaultiothread1 cputune1 numatune1 resource1 fibrechannel1"
     " sysinfo bootloader1 bootloader_args1 os1 idmap1 features1 cpu1 clock1 on_poweroff1 on_reboot1 on_crash1"
     " on_lockfailure1 pm1 perf1 devices1 seclabel keywrap1 launchSecurity1 qemu:commandline1 qemu:capabilities1"
     " qemu:override1 qemu:deprecation1 xen:commandline1 "},
    {"os",
     " type1 firmware1 init1 initarg initenv initdir1 inituser1 initgroup1 loader1 nvram1 kernel1 initrd1 cmdline1"
     " shim1 dtb1 root1 acpi1 boot bootmenu1 bios1 smbios1 "},
    {"features",
     " acpi1 apic1 pae1 hap1 viridian1 privnet1 hyperv1 kvm1 pvspinlock1 capabilities1 pmu1 vmport1 gic1 smm1"
     " ioapic1 hpt1 vmcoreinfo1 htm1 nested-hv1 msrs1 ccf-assist1 xen1 cfpc1 sbbc1 ibs1 tcg1 async-teardown1"
     " ras1 ps21 aia1 "},
    {"xen", " e820_host1 passthrough1 "},
    {"cpu", " model1 vendor1 topology1 cache1 maxphysaddr1 feature numa1 "},
    {"cell", " distances1 caches1 "},
    {"cputune",
     " shares1 global_period1 global_quota1 period1 quota1 emulator_period1 emulator_quota1 iothread_period1"
     " iothread_quota1 vcpupin emulatorpin1 iothreadpin vcpusched emulatorsched1 iothreadsched cachetune"
     " memorytune "},
    {"pm", " suspend-to-mem1 suspend-to-disk1 "},
    {"devices",
     " emulator1 disk controller lease filesystem interface smartcard serial parallel console channel input tpm"
     " graphics sound audio video hostdev redirdev redirfilter1 hub watchdog memballoon1 rng nvram1 panic shmem"
     " memory iommu vsock1 crypto pstore1 "},
    {"disk",
     " driver1 auth1 source1 backenddomain1 backingStore1 mirror1 geometry1 blockio1 target1 iotune1 throttlefilters1"
     " readonly1 shareable1 transient1 serial1 wwn1 vendor1 product1 encryption1 boot1 alias1 acpi1 address1 "},
    {"controller", " driver1 model1 target1 master1 alias1 acpi1 address1 "},
    {"filesystem",
     " driver1 binary1 source1 target1 readonly1 space_hard_limit1 space_soft_limit1 boot1 alias1 address1 "},
    {"interface",
     " mac1 source1 teaming1 vlan1 virtualport1 bandwidth1 port1 ip route portForward script1 downscript1"
     " backenddomain1 target1 guest1 model1 driver1 backend1 filterref1 tune1 link1 mtu1 coalesce1 boot1 rom1"
     " alias1 acpi1 address1 "},
    {"serial", " source1 protocol1 log1 target1 alias1 acpi1 address1 "},
    {"parallel", " source1 protocol1 log1 target1 alias1 acpi1 address1 "},
    {"console", " source1 protocol1 log1 target1 alias1 acpi1 address1 "},
    {"channel", " source1 protocol1 log1 target1 alias1 acpi1 address1 "},
    {"graphics",
     " listen channel image1 jpeg1 zlib1 playback1 streaming1 mouse1 clipboard1 filetransfer1 gl1 audio1 "},
    {"video", " driver1 model1 alias1 acpi1 address1 "},
    {"hostdev",
     " driver1 source1 model1 teaming1 readonly1 shareable1 boot1 rom1 alias1 acpi1 address1 "},
};

static const char *order_of(const struct xml_node *parent)
{
    for (size_t i = 0; i < SLIP_COUNT(orders); i++) {
        if (strcmp(orders[i].parent, parent->name) == 0)
            return orders[i].children;
    }
    return NULL;
}

/* The place of a name in an order, NULL: not in it. */
static const char *find_name(const char *order, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = order; p && (p = strstr(p, name)); p++) {
        if (p > order && p[-1] == ' ' && (p[len] == ' ' || (p[len] == '1' && p[len + 1] == ' ')))
            return p;
    }
    return NULL;
}

bool slip__xml_single(const struct xml_node *parent, const char *name)
{
    const char *found = find_name(order_of(parent), name);

    return found && found[strlen(name)] == '1';
}

const char *slip__xml_key(const struct xml_node *node, const char **ret_attr)
{
    static const struct {
        const char *name, *attr;
    } keys[] = {{"controller", "type"}, {"graphics", "type"}, {"hostdev", "type"},
                {"timer", "name"},      {"vcpupin", "vcpu"},  {"sibling", "id"}};
    const struct xml_attr *attr;

    for (size_t i = 0; i < SLIP_COUNT(keys); i++) {
        if (strcmp(keys[i].name, node->name) != 0)
            continue;
        *ret_attr = keys[i].attr;
        attr = slip__xml_attr(node, keys[i].attr);
        return attr ? attr->value : NULL;
    }
    return NULL;
}

static size_t rank(const char *order, const char *name, size_t otherwise)
{
    const char *found = find_name(order, name);

    return found ? (size_t)(found - order) : otherwise;
}

/* Puts each child behind the last one of its rank or a lower one. Those that came sorted cost nothing. */
static void sort_children(struct xml_node *node, const char *order)
{
    struct xml_node *child = node->first, *next;
    size_t last_rank = 0;

    node->first = node->last = NULL;
    for (; child; child = next) {
        size_t r = rank(order, child->name, last_rank);
        struct xml_node *before = node->last;

        next = child->next;
        if (r < last_rank) {
            before = NULL;
            for (struct xml_node *c = node->first; c && rank(order, c->name, 0) <= r; c = c->next)
                before = c;
        } else {
            last_rank = r;
        }
        child->next = before ? before->next : node->first;
        if (before)
            before->next = child;
        else
            node->first = child;
        if (!child->next)
            node->last = child;
    }
}

void slip__xml_sort(struct xml_node *node)
{
    const char *order = order_of(node);

    if (order)
        sort_children(node, order);
    for (struct xml_node *child = node->first; child; child = child->next)
        slip__xml_sort(child);
}

/* UTF-8 as it is but for what has a meaning; in an attribute, white space too, or a reader would make blanks of it. */
static void print_text(struct slip_buf *out, const char *text, bool attr)
{
    const char *from = text;

    for (; *text; text++) {
        const char *as = *text == '&'            ? "&amp;"
                         : *text == '<'          ? "&lt;"
                         : *text == '>'          ? "&gt;"
                         : *text == '\''         ? "&apos;"
                         : *text == '"'          ? "&quot;"
                         : *text == '\r'         ? "&#13;"
                         : attr && *text == '\n' ? "&#10;"
                         : attr && *text == '\t' ? "&#9;"
                                                 : NULL;

        if (!as)
            continue;
        slip__buf_put(out, from, (size_t)(text - from));
        slip__buf_puts(out, as);
        from = text + 1;
    }
    slip__buf_put(out, from, (size_t)(text - from));
}

static void indent(struct slip_buf *out, unsigned level)
{
    while (level--)
        slip__buf_puts(out, "  ");
}

/* Where there is text between elements, white space would be more of it: all of that is on one line. */
static void print_node(struct slip_buf *out, const struct xml_node *node, unsigned level,
                       bool one_line)
{
    bool has_text = node->text && *node->text, inside = one_line || has_text;
    const char *end = one_line ? "" : "\n";

    indent(out, one_line ? 0 : level);
    slip__buf_putc(out, '<');
    slip__buf_puts(out, node->name);
    for (size_t i = 0; i < node->n_attrs; i++) {
        slip__buf_putc(out, ' ');
        slip__buf_puts(out, node->attrs[i].name);
        slip__buf_puts(out, "='");
        print_text(out, node->attrs[i].value, true);
        slip__buf_putc(out, '\'');
    }
    if (!has_text && !node->first) {
        slip__buf_puts(out, "/>");
        slip__buf_puts(out, end);
        return;
    }
    slip__buf_putc(out, '>');
    if (has_text)
        print_text(out, node->text, false);
    if (node->first && !inside)
        slip__buf_putc(out, '\n');
    for (const struct xml_node *child = node->first; child; child = child->next)
        print_node(out, child, level + 1, inside);
    if (node->first && !inside)
        indent(out, level);
    slip__buf_puts(out, "</");
    slip__buf_puts(out, node->name);
    slip__buf_putc(out, '>');
    slip__buf_puts(out, end);
}

void slip__xml_print(struct slip_buf *out, const struct xml_node *node, unsigned level)
{
    print_node(out, node, level, false);
}

/* XML 1.0 has no control characters, and not the two code points that no text is to have. Texts are UTF-8 already. */
bool slip__xml_sayable(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r')
            return false;
        if (p[0] == 0xef && p[1] == 0xbf && (p[2] == 0xbe || p[2] == 0xbf))
            return false;
    }
    return true;
}
