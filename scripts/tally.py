#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tally.py TESTS.json TESTLOG.json NARROWED: count the single test cases of a meson run.

TESTS.json is what `meson introspect --tests` says, TESTLOG.json what `meson test` wrote, NARROWED whether only some
of the tests were asked for. Prints the failed cases with what they said, the skipped ones with their reasons, and
last the line "N passed, N failed, N skipped". Exits 1 if anything failed or nothing ran.

A program that crashed, was stopped for its time, or broke off before its plan is one more failure. This file must
not know what any test is about.
"""
import json
import re
import signal
import sys

CASE = re.compile(r"(not )?ok\b\s*(\d*)\s*-?\s*(.*)")
PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$", re.I)
DIRECTIVE = re.compile(r"(.*?)\s*#\s*skip\S*\s*(.*)$", re.I)
TAIL_LINES = 40


class Count:
    """The results of the whole run."""

    def __init__(self):
        self.passed = 0
        self.failed = []    # (name, text)
        self.skipped = []   # (name, reason)


def how_it_ended(run):
    """Why a test program is to be called broken, or None."""
    code = run.get("returncode") or 0
    if run["result"] == "TIMEOUT":
        return "ran out of time after %.0f s" % run["duration"]
    if run["result"] == "INTERRUPT":
        return "was interrupted"
    if code < 0 or code > 128:
        number = -code if code < 0 else code - 128
        try:
            return "was killed by " + signal.Signals(number).name
        except ValueError:
            pass
    return "exited with %d" % code if code else None


def tail(run):
    """The last words of a test program."""
    text = (run.get("stdout") or "") + (run.get("stderr") or "")
    return "\n".join(text.splitlines()[-TAIL_LINES:])


def count_tap(run, count):
    """Count the cases of a program that speaks the Test Anything Protocol."""
    name = run["name"]
    planned, cases, failures, seen_plan, all_skipped = 0, 0, 0, False, False
    said = None     # where a failed case's diagnostics go
    for line in (run.get("stdout") or "").splitlines():
        plan, case = PLAN.match(line), CASE.match(line)
        if plan:
            seen_plan = True
            planned += int(plan[1])
            if plan[1] == "0" and plan[2]:
                all_skipped = True
                count.skipped.append((name, plan[2]))
        elif case:
            cases += 1
            said = None
            directive = DIRECTIVE.match(case[3])
            if directive:
                # cmocka calls a skipped case "not ok", and puts the name where the reason belongs
                title, reason = directive[1], directive[2]
                count.skipped.append((name + ": " + (title or reason), reason if title else "no reason given"))
            elif case[1]:
                failures += 1
                said = []
                count.failed.append((name + ": " + case[3], said))
            else:
                count.passed += 1
        elif line.startswith("Bail out!"):
            failures += 1
            count.failed.append((name, [line]))
        elif said is not None:
            said.append(line)

    ended = how_it_ended(run)
    if ended and failures and not re.match("ran out|was", ended):
        ended = None    # it exits with an error because cases failed: said already
    if not ended and not seen_plan:
        ended = "printed no plan"
    if not ended and cases != planned:
        ended = "ended after %d of %d cases" % (cases, planned)
    if not ended and not cases and not all_skipped:
        ended = "ran no case"
    if ended:
        count.failed.append(("%s: %s (%d of %d cases done)" % (name, ended, cases, planned), [tail(run)]))


def count_program(run, count):
    """Count a program whose exit code is its one result."""
    if run["result"] in ("OK", "EXPECTEDFAIL"):
        count.passed += 1
    elif run["result"] == "SKIP":
        words = tail(run).strip().splitlines()
        count.skipped.append((run["name"], words[-1] if words else "no reason given"))
    else:
        count.failed.append((run["name"] + ": " + (how_it_ended(run) or run["result"]), [tail(run)]))


def count_all(tests, runs, narrowed):
    """Count every run, and every test that never ran."""
    count = Count()
    protocols = {}
    for test in tests:
        protocols[test["name"]] = test.get("protocol", "exitcode")
    done = set()
    for run in runs:
        # meson writes "project:suite / name"
        run["name"] = run["name"].rsplit(" / ", 1)[-1]
        done.add(run["name"])
        (count_tap if protocols.get(run["name"]) == "tap" else count_program)(run, count)
    for name in protocols:
        if name not in done and not narrowed:
            count.failed.append((name + ": never ran", []))
    if not count.passed and not count.failed and not count.skipped:
        count.failed.append(("no test ran", []))
    return count


def read_runs(path):
    """The lines of meson's log; a missing log is a run of nothing, a broken last line is one less."""
    runs = []
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                try:
                    runs.append(json.loads(line))
                except ValueError:
                    print("tally: meson's log breaks off")
    except OSError as problem:
        print("tally: no log of the tests:", problem.strerror)
    return runs


def main(tests_path, log_path, narrowed):
    """Print the report; return the exit code."""
    with open(tests_path, encoding="utf-8") as file:
        tests = json.load(file)
    count = count_all(tests, read_runs(log_path), int(narrowed) > 0)
    for name, reason in count.skipped:
        print("SKIP %s: %s" % (name, reason))
    for name, said in count.failed:
        print("FAIL %s" % name)
        for line in "\n".join(said).splitlines():
            print("     " + line)
    print("%d passed, %d failed, %d skipped" % (count.passed, len(count.failed), len(count.skipped)))
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
