# SPDX-License-Identifier: OLDAP-2.8
"""report.py - what a soak came to: a table, and a page with one in it"""
import os
import subprocess
import time

BEGIN, END = "<!-- soak: written by tests/soak/run -->\n", "<!-- soak end -->\n"
HEAD = ("promise", "asked", "reached", "", "violations", "took", "by")


def first_value(path, name):
    """What path says of name; "?" where it says nothing, or is not there: a
    bare root has no /etc/os-release, some kernels name no processor."""
    try:
        with open(path) as lines:
            for line in lines:
                key, equals, value = line.partition(
                    "=" if "=" in line else ":")
                if key.strip() == name and equals:
                    return value.strip(' "\n')
    except OSError:
        pass
    return "?"


def commit(source):
    """As git names it; a tarball has none."""
    try:
        done = subprocess.run(["git", "-C", source, "describe", "--always",
                               "--dirty", "--abbrev=12"],
                              capture_output=True, text=True)
    except FileNotFoundError:  # no git either
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def file_system(path):
    """The type of the one that holds path."""
    best = ("", "?")
    try:
        with open("/proc/mounts") as mounts:
            for line in mounts:
                place, kind = line.split()[1:3]
                if (path + "/").startswith(place.rstrip("/") + "/") and \
                        len(place) >= len(best[0]):
                    best = (place, kind)
    except OSError:
        pass
    return best[1]


def machine(folder=None):
    """... and what file system folder is on, or temporary files."""
    memory = first_value("/proc/meminfo", "MemTotal").split()[0]
    return "%d x %s, %s GiB, %s, Linux %s, tests on %s" % (
        os.cpu_count() or 1, first_value("/proc/cpuinfo", "model name"),
        "%.0f" % (int(memory) / (1 << 20)) if memory.isdigit() else "?",
        first_value("/etc/os-release", "PRETTY_NAME"),
        os.uname().release,
        file_system(os.path.realpath(
            folder or os.environ.get("TMPDIR", "/tmp"))))


def facts(source, options, results, seconds):
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()),
            "commit": commit(source), "machine": machine(),
            "minutes": options.minutes, "seed": options.seed,
            "took_minutes": round(seconds / 60, 1), "results": results}


def cells(one):
    unit = one["unit"]
    if unit in ("ms", "s"):  # measured: at most, not at least
        asked = "at most %d" % one["asked"]
    else:
        asked = "{:,}".format(one["asked"])
    violations = str(one["violations"])
    if one["status"] != "good":
        violations += " (%s)" % one["status"]
    more = one["more"].replace("what ", "") if unit == "ms" else ""
    return (one["promise"], asked, "{:,}".format(one["reached"]),
            (unit + " " + more).strip(), violations, "%d s" % one["seconds"],
            one["program"])


def table(run):
    """For a terminal."""
    rows = [HEAD] + [cells(one) for one in run["results"]]
    width = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    right = (1, 2, 5)
    return "\n".join("  ".join(
        cell.rjust(width[n]) if n in right else cell.ljust(width[n])
        for n, cell in enumerate(row)).rstrip() for row in rows)


def page(run):
    """For a page."""
    lines = ["| date | %s |" % run["date"], "|---|---|",
             "| commit | %s |" % run["commit"],
             "| machine | %s |" % run["machine"],
             "| asked for | %g minutes, took %g |" % (
                 run["minutes"], run["took_minutes"]),
             "| seed | %d |" % run["seed"], "",
             "| promise | what | by | release asks | this run | violations |",
             "|---|---|---|---:|---:|---:|"]
    for one in run["results"]:
        row = cells(one)
        lines.append("| %s | %s | %s | %s %s | %s | %s |" % (
            row[0], one["what"], row[6], row[1], row[3],
            row[2] if one["reached"] else "nothing", row[4]))
    return "\n".join(lines) + "\n"


def kept(old, run):
    """Rows of what this run did not try, with where they are from."""
    fields = [[cell.strip() for cell in line.split("|")[1:-1]]
              for line in old.splitlines() if line.startswith("|")]
    facts_of = {row[0]: row[1] for row in fields if len(row) == 2}
    tried = {one["promise"] for one in run["results"]}
    done = {(one["promise"], one["what"]) for one in run["results"]}
    when = "%s, %s" % (facts_of.get("date", "?"), facts_of.get("commit", "?"))
    # a promise may have several programs; one that the plan does not know any
    # more has another word now
    rows = [row for row in fields if len(row) == 6 and
            row[0] != "promise" and not row[0].startswith("-") and
            (row[0], row[1]) not in done and
            (row[0] not in tried or row[1] in run["known"])]
    return "".join("| %s | %s | %s | %s | %s | %s |\n" % (
        *row[:4], row[4] if "(" in row[4] else
        "%s (%s)" % (row[4], when), row[5]) for row in rows)


def write(path, run):
    """Replace what stands between the marks; what this run did not try stays
    in the table."""
    with open(path) as old:
        text = old.read()
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    with open(path + ".new", "w") as new:
        new.write(before + BEGIN + "\n" + page(run) + kept(old, run) + "\n" +
                  END + after)
    os.rename(path + ".new", path)
