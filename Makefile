# SPDX-License-Identifier: LGPL-2.1-or-later
# The front door: what a person types. Meson and ninja do the building, scripts/ holds what is longer than a line.
# Everything is made under build/; this file knows no source file and no compiler flag.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
ARGS ?=
export SHELL_IN_GUEST FUZZ_SECONDS

DEVELOPMENT = -Dlzo=auto -Dbuildtype=debugoptimized -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false

.NOTPARALLEL:
.PHONY: all demo check check-xen bench bench-xen conformance fuzz xen-lab install format clean distclean help

all: build/build.ninja              ## build the release profile: build/slipway
	@scripts/setup build
	@ninja -C build

demo:                               ## boot a stock Debian kernel; SHELL_IN_GUEST=1 for a shell in it
	@scripts/setup build demo
	@$(MAKE) --no-print-directory all
	@scripts/demo

check:                              ## build with -Werror, ASan and UBSan, run all tests (ARGS: for meson test)
	@scripts/check $(ARGS)

check-xen: all                      ## all tests on real Xen, in the lab (ARGS: words of the titles to run)
	@scripts/guest-i386 build/guest || echo "check-xen: no 32-bit kernel to boot"
	@XEN_TEST_SET=all XEN_TEST_WORDS="$(ARGS)" SLIPWAY_CHECK_SECONDS=6000 scripts/check -t 7 xen

bench:                              ## measure against QEMU's own boots and the reference decompressor
	@scripts/setup build demo bench
	@$(MAKE) --no-print-directory all
	@scripts/guest build/guest
	@ninja -C build bench/instructions bench/jailed bench/describe bench/pairs
	@bench/run build build/guest $(ARGS)

fuzz: build/fuzz/build.ninja        ## fuzz every parser for FUZZ_SECONDS each
	@ninja -C build/fuzz
	@scripts/fuzz $(ARGS)

conformance: all                    ## boot one probe by every loader here, QEMU's and xl's too: docs/conformance.md
	@scripts/setup demo lab
	@scripts/guest build/guest
	@scripts/conformance build

bench-xen: all                      ## measure against xl on one Xen, in the lab (ARGS: sections of bench/xen)
	@scripts/setup demo lab
	@scripts/guest build/guest
	@ninja -C build bench/stopwatch tests/guests/xen/guest-pvh.elf tests/guests/xen/guest-pv64.elf
	@bench/xen build build/guest $(ARGS)

xen-lab: all                        ## run JOB=program in dom0 of a real Xen under QEMU, without it a shell (ARGS: labs/xen/run's)
	@scripts/setup lab
	@labs/xen/run $(ARGS) $(JOB)

install: all                        ## install under PREFIX (/usr/local), below DESTDIR if set
	@meson configure build --prefix=$(abspath $(PREFIX))
	@DESTDIR=$(abspath $(DESTDIR)) meson install -C build

format:                             ## lay out all C files by .clang-format
	@scripts/setup format
	@git ls-files -z '*.c' '*.h' | xargs -0 -r clang-format -i

clean:                              ## remove what was built, keep what was downloaded
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name guest ! -name lab -exec rm -rf {} +

distclean:                          ## remove build/ altogether
	@rm -rf build

help:                               ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

build/build.ninja:
	@scripts/setup build
	@multiarch=$$($(CC) -print-multiarch 2>/dev/null); meson setup build --buildtype=release -Dtests=false \
	    --prefix=$(abspath $(PREFIX)) $${multiarch:+--libdir=lib/$$multiarch}

build/dev/build.ninja:
	@scripts/setup build test
	@meson setup build/dev $(DEVELOPMENT) -Dtests=true

build/fuzz/build.ninja:
	@scripts/setup build fuzz
	@CC=clang meson setup build/fuzz $(DEVELOPMENT) -Dtests=true -Dfuzzers=true
