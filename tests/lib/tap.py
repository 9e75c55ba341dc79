# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small producer of the Test Anything Protocol, version 12. It must not know what is tested.

    @tap.case("one plus one")
    def one_plus_one():
        tap.equal(1 + 1, 2, "the sum")

    tap.main()

A case fails by an exception, skips by tap.skip(reason), and is stopped after its time. The program's arguments pick
cases by a part of their names; with none, all run in the order of the file.
"""
import os
import signal
import sys
import traceback

CASE_SECONDS = 120

_cases = []


class Skip(Exception):
    """The case cannot run here; the text says why."""


class OutOfTime(BaseException):
    """The case took too long. Not an Exception, so that no case swallows it by accident."""


def case(title, seconds=CASE_SECONDS):
    """Register the decorated function as a case."""
    def register(function):
        _cases.append((title, function, seconds))
        return function
    return register


def skip(reason):
    """Leave the case, not counted as passed."""
    raise Skip(reason)


def check(truth, message):
    """Fail with message unless truth."""
    if not truth:
        raise AssertionError(message)


def equal(got, want, what):
    """Fail unless both are equal; the message shows both."""
    if got != want:
        raise AssertionError("%s: got %r, want %r" % (what, got, want))


def contains(text, part, what):
    """Fail unless part is in text; the message shows the text."""
    if part not in text:
        raise AssertionError("%s: no %r in:\n%s" % (what, part, text))


def _diagnose(text):
    for line in text.rstrip("\n").splitlines():
        print("# " + line)


def _alarm(_signal, _frame):
    raise OutOfTime()


def _run(number, title, function, seconds):
    """Run one case, print its line, return whether it is all right."""
    signal.alarm(seconds)
    try:
        function()
        verdict, text = "ok", ""
    except Skip as reason:
        print("ok %d - %s # SKIP %s" % (number, title, reason), flush=True)
        return True
    except OutOfTime:
        verdict, text = "not ok", "stopped after %d s in:\n%s" % (seconds, traceback.format_exc())
    except (Exception, SystemExit) as problem:    # pylint: disable=broad-except
        frames = traceback.extract_tb(problem.__traceback__)
        place = [frame for frame in frames if frame.filename != __file__] or frames
        where = "%s:%d" % (os.path.basename(place[-1].filename), place[-1].lineno)
        verdict, text = "not ok", "%s: %s: %s" % (where, type(problem).__name__, problem)
    finally:
        signal.alarm(0)
    print("%s %d - %s" % (verdict, number, title))
    _diagnose(text)
    sys.stdout.flush()
    return verdict == "ok"


def main(skip_all=None):
    """Run the cases and exit: 0 if all passed or skipped. skip_all: a reason not to run any."""
    signal.signal(signal.SIGALRM, _alarm)
    chosen = [c for c in _cases if len(sys.argv) < 2 or any(word in c[0] for word in sys.argv[1:])]
    if skip_all:
        print("1..0 # SKIP " + skip_all)
        sys.exit(0)
    print("1..%d" % len(chosen), flush=True)
    good = [_run(number, *entry) for number, entry in enumerate(chosen, 1)]
    sys.exit(0 if all(good) else 1)
