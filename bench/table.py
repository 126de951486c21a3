# SPDX-License-Identifier: OLDAP-2.8
"""table.py - what a run of bench/run, or of bench/replication, came to: text,
JSON, Markdown and SVG"""
from dataclasses import dataclass
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "tests", "soak"))
from data import groups_of  # noqa: E402
from harness import TOP_SRC  # noqa: E402
from report import commit, machine  # noqa: E402

COLUMNS = (("op/s", "rate", "%.0f"), ("cpu us", "cpu_us", "%.1f"),
           ("ldclt us", "ldclt_cpu_us", "%.1f"), ("p50 us", "p50_us", "%.0f"),
           ("p99 us", "p99_us", "%.0f"), ("ms", "ms", "%.1f"))
PEERS = ("ceiling", "mdb", "multival", "389", "small")
# what a cell tells where times are told: the time, the processor's, or
# percentiles
TIMES = (("ms", 1000), ("cpu_us", 1), ("p50_us", 1), ("p99_us", 1),
         ("max_us", 1))
MiB = 2 ** 20
ENTRIES_SLACK = 1.05  # searches are of the same people, not as many of each


@dataclass(frozen=True)
class Shape:
    """What tables are made of."""
    name: str         # of the files
    columns: tuple    # heading, key and form of each figure
    servers: tuple    # all that there may be, in their order
    peers: tuple      # of them those whom the others are compared with
    times: bool = False  # what it took stands before what it cost
    page: tuple = None   # marks in a page between which the table stands
    #                      (%d: how many people)


BENCH = Shape("bench", COLUMNS, ("mdb", "multival", "389", "ceiling", "small",
                                 "roster", "plain"), PEERS, page=(
    "<!-- bench %d: written by bench/run -->", "<!-- bench %d end -->"))


def median(rounds, key):
    values = [one[key] for one in rounds if key in one]
    return statistics.median(values) if values else None


def spread(rounds, key):
    """Half of what lies between the quartiles, in percent of the median."""
    values = [one[key] for one in rounds if key in one]
    if len(values) < 3 or not statistics.median(values):
        return None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return 50 * (high - low) / statistics.median(values)


def cost_of(row, rounds):
    """(key, what makes us of it) of the figure that ratios are made of:
    processor time where it was measured and the work is the processor's, else
    the time it took."""
    if row.startswith(("add-", "remove-", "modify-", "delete-", "commit")):
        return "rate", lambda rate: 1e6 / rate
    if row.startswith("flood"):
        return "p99_us", float
    if row == "storm":
        return "max_us", float
    for key, scale in (("cpu_us", 1), ("ms", 1000), ("p50_us", 1)):
        if median(rounds, key) is not None and (
                key != "cpu_us" or row != "slapadd"):
            return key, lambda value, scale=scale: value * scale
    return None, None


def cost(row, rounds):
    key, form = cost_of(row, rounds)
    value = median(rounds, key) if key else None
    return form(value) if value else None


def summary(results, titles, missing, people, shape=BENCH):
    """A row for each, a column for each server."""
    table = []
    for row in dict.fromkeys([*results, *missing]):
        if row not in titles:
            continue  # nobody was asked
        title, primary, target, limit = titles[row]
        one = {"row": row, "title": title, "primary": primary,
               "target": target, "servers": {},
               "missing": {server: why
                           for server, why in missing.get(row, {}).items()
                           if server not in results.get(row, {})}}
        for server, rounds in results.get(row, {}).items():
            one["servers"][server] = figures_of(row, rounds, shape)
        add_ratios(one, shape)
        one["reached"] = reached(one, limit, results, people)
        table.append(one)
    return table


def figures_of(row, rounds, shape):
    figures = {key: median(rounds, key) for _, key, _ in shape.columns}
    figures["max_us"] = median(rounds, "max_us")
    figures["entries"] = median(rounds, "entries")
    figures["rounds"] = len(rounds)
    figures["wrong"] = sum(part.get("wrong", 0) for part in rounds)
    # refusals are quick: they are no figure of the row
    figures["cost_us"] = None if figures["wrong"] else cost(row, rounds)
    key, _ = cost_of(row, rounds)
    figures["spread_percent"] = spread(rounds, key) if key else None
    return figures


def unequal(table):
    """Rows whose servers did not answer as much as the others."""
    for one in table:
        entries = {server: figures["entries"]
                   for server, figures in one["servers"].items()
                   if figures["entries"]}
        if entries and max(entries.values()) > ENTRIES_SLACK * min(
                entries.values()):
            yield "%s: entries of one operation: %s" % (
                one["row"], ", ".join("%s %.2f" % told
                                      for told in entries.items()))


def add_ratios(one, shape):
    for server, figures in one["servers"].items():
        figures["ratio"] = {
            peer: figures["cost_us"] / one["servers"][peer]["cost_us"]
            for peer in shape.peers if peer != server and
            figures["cost_us"] and
            one["servers"].get(peer, {}).get("cost_us")}


def reached(one, limit, results, people):
    """True, False (also of a row that failed), or None where there is no
    target or nothing to tell it by."""
    ours = one["servers"].get("roster", {})
    if limit is None or ("roster" not in one["servers"] and
                         "roster" not in one["missing"]):
        return None
    if not ours.get("cost_us"):
        return False
    kind, most = limit
    if kind in PEERS:
        ratio = ours["ratio"].get(kind)
    elif kind == "commit":
        bare = results.get("commit", {}).get("ceiling")
        ratio = ours["cost_us"] / cost("commit", bare) if bare else None
    elif kind == "us-per-person":
        ratio = ours["cost_us"] / people
    elif kind == "p99-us":
        ratio = ours["p99_us"]
    else:
        ratio = ours["cost_us"]
    return None if ratio is None else ratio <= most


def number(value, form="%.1f"):
    return "" if value is None else form % value


def ratios(figures):
    return "  ".join("%.2f x %s" % (ratio, peer)
                     for peer, ratio in figures["ratio"].items())


def text(table, sizes, facts, notes, shape=BENCH):
    lines = ["%d people, %d groups of 20; %s; commit %s" % (
        facts["people"], facts["groups"], facts["date"], facts["commit"]),
        facts["machine"], facts["how"] + ", medians", ""]
    wide = max([10] + [len(name) + 1 for name in shape.servers])
    head = " " * wide + "".join("%10s" % name for name, _, _ in shape.columns)
    lines.append(head + "     +-%  ratios of the cost")
    for one in table:
        lines += ["", "%s: %s%s%s" % (
            one["row"], one["title"],
            " [primary-members %s]" % one["primary"] if one["primary"]
            else "", "; must be " + one["target"] +
            {True: ": yes", False: ": NO", None: ": ?"}[one["reached"]]
            if one["target"] else "")]
        most = max((figures["rounds"]
                    for figures in one["servers"].values()), default=0)
        for server, figures in one["servers"].items():
            lines.append(server.ljust(wide) + "".join(
                "%10s" % number(figures[key], form)
                for _, key, form in shape.columns) + "%8s  %s" % (
                    number(figures["spread_percent"]), ratios(figures)) +
                ("  WRONG: %d" % figures["wrong"] if figures["wrong"] else
                 "") + ("  (rounds: %d)" % figures["rounds"]
                        if figures["rounds"] < max(most, facts["rounds"])
                        else ""))
        lines += [server.ljust(wide) + "  " + why
                  for server, why in one["missing"].items()]
    if sizes:
        lines += ["", "%-10s%14s%14s%14s%10s" % (
            "memory", "own MiB", "mapped MiB", "database MiB", "B/person")]
    for server, size in sizes.items():
        lines.append("%-10s%14.1f%14.1f%14s%10s  %s" % (
            server, size["rss_own"] / MiB, size["rss_mapped"] / MiB,
            number(size["database"] and size["database"] / MiB),
            number(size["database"] and size["database"] / facts["people"],
                   "%.0f"), size["what"]))
    lines += [""] + ["note: " + note for note in notes]
    return "\n".join(lines) + "\n"


def span(us):
    if us >= 1e6:
        return "%.2f s" % (us / 1e6)
    return "%.2f ms" % (us / 1e3) if us >= 1000 else "%.0f us" % us


def cell(figures, shape=BENCH, why=""):
    if not figures:
        return why
    if figures["wrong"]:
        return "wrong"
    if figures["cost_us"] is None:
        return ""
    if not shape.times:
        near = figures["spread_percent"]
        return span(figures["cost_us"]) + (
            "" if near is None else " ±%.0f %%" % near)
    said = [span(figures[key] * scale)
            for key, scale in TIMES if figures.get(key) is not None]
    return " / ".join(said) + "".join(
        ", %.2f x" % ratio for ratio in figures["ratio"].values())


def grid(heads, lines):
    return ["| " + " | ".join(heads) + " |",
            "|---|" + "---:|" * (len(heads) - 1)] + [
                "| " + " | ".join(line) + " |" for line in lines]


def title_of(one):
    return one["title"] + (" [%s]" % one["primary"]
                           if one["primary"] else "")


BESIDE = ("ceiling", "mdb", "389")


def ratio_cells(one, beside):
    """What it costs Roster, of what it costs these."""
    ours = one["servers"].get("roster")
    told = [ours["ratio"].get(peer) if ours else None for peer in beside]
    return ["" if ratio is None else
            ("%.2f" if ratio >= 0.1 else "%.1g") % ratio for ratio in told]


def costs_grid(table, names, shape):
    """What each row costs, and whether that is what it must be."""
    targets = any(one["target"] for one in table)
    beside = [name for name in BESIDE if name in names and not shape.times]
    verdicts = {True: "yes", False: "**no**", None: ""}
    heads = ["work", *names] + ["roster / " + name for name in beside]
    return grid(heads + ["must reach", ""] * targets, [
        [title_of(one)] + [
            cell(one["servers"].get(name), shape,
                 one["missing"].get(name, "")) for name in names] +
        ratio_cells(one, beside) + [
            one["target"].replace("<=", "≤"),
            verdicts[one["reached"]]] * targets for one in table])


def latencies_grid(table, names):
    """The other figures of clients that ask one after the other."""
    def latency(figures):
        if not figures or figures["p50_us"] is None or figures["wrong"]:
            return ""
        said = "%s, %s / %s" % (rate_of(figures["rate"]),
                                span(figures["p50_us"]),
                                span(figures["p99_us"]))
        if figures.get("ldclt_cpu_us") is not None:
            said += "; %s" % span(figures["ldclt_cpu_us"])
        return said
    return grid(["work: operations a second, p50 / p99; by ldclt", *names], [
        [title_of(one)] + [latency(one["servers"].get(name))
                           for name in names]
        for one in table if any(figures["p50_us"] is not None
                                for figures in one["servers"].values())])


def rate_of(rate):
    return ("%.0f" if rate >= 100 else "%.1f") % rate


def sizes_grid(sizes, people):
    return grid(["server", "own memory", "of the file mapped", "database",
                 "a person"], [
        [server, "%.0f MiB" % (size["rss_own"] / MiB),
         "%.0f MiB" % (size["rss_mapped"] / MiB)] + (
             ["%.0f MiB" % (size["database"] / MiB),
              "%.0f bytes" % (size["database"] / people)]
             if size["database"] else ["", ""])
        for server, size in sizes.items()])


def markdown(table, facts, shape=BENCH, sizes=None, notes=()):
    names = [name for name in shape.servers
             if any(name in one["servers"] or name in one["missing"]
                    for one in table)]
    lines = ["%s, commit %s, %s; %s." % (
        facts["date"], facts["commit"], facts["how"], facts["machine"]), ""]
    lines += costs_grid(table, names, shape)
    if not shape.times:
        lines += [""] + latencies_grid(table, names)
    if sizes:
        lines += [""] + sizes_grid(sizes, facts["people"])
    lines += [""] * bool(notes) + ["- " + note.replace("\n", " ")
                                   for note in notes]
    return "\n".join(lines) + "\n"


COLOURS = {"ceiling": "#9aa0a6", "mdb": "#c58b2b", "multival": "#d9b26a",
           "389": "#8c6bb1", "small": "#4c9f70",
           "roster": "#1f77b4", "plain": "#7fb3d8"}
BAR, GAP, LEFT, WIDE = 13, 14, 330, 430


def bars_of(table):
    """Rows with more than one server, and the span of what they cost."""
    shown = [one for one in table if len([
        1 for figures in one["servers"].values() if figures["cost_us"]]) > 1]
    costs = [figures["cost_us"] for one in shown
             for figures in one["servers"].values() if figures["cost_us"]]
    return shown, math.log10(min(costs)) - 0.1, math.log10(max(costs)) + 0.1


def svg(table, facts):
    shown, low, high = bars_of(table)
    y, out = 50, []
    for one in shown:
        out.append('<text x="%d" y="%d" text-anchor="end" class="t">%s</text>'
                   % (LEFT - 10, y + BAR - 2, escape(one["title"][:52])))
        for server, figures in one["servers"].items():
            if not figures["cost_us"]:
                continue
            wide = (math.log10(figures["cost_us"]) - low) / (high - low)
            out.append('<rect x="%d" y="%d" width="%.1f" height="%d" '
                       'fill="%s"/><text x="%.1f" y="%d">%s %s</text>' % (
                           LEFT, y, wide * WIDE, BAR - 2, COLOURS[server],
                           LEFT + wide * WIDE + 5, y + BAR - 3, server,
                           cell(figures)))
            y += BAR
        y += GAP
    head = "%d people: cost of an operation, logarithmic (%s, %s)" % (
        facts["people"], facts["date"], facts["commit"])
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
            'font-family="sans-serif" font-size="10">\n'
            "<style>text{fill:#333}.t{font-size:11px}"
            "@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n"
            '<text x="10" y="24" font-size="15">%s</text>\n%s\n</svg>\n' % (
                LEFT + WIDE + 130, y, escape(head), "\n".join(out)))


def escape(words):
    return words.replace("&", "&amp;").replace("<", "&lt;")


def version(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if re.search(r"[0-9]\.[0-9]", line)]
    return said[0].strip() if said else ""


def into_page(path, marks, said):
    """What stands between the marks of a page is now this."""
    with open(path) as old:
        text = old.read()
    begin, end = (text.index(mark) for mark in marks)
    with open(path + ".new", "w") as new:
        new.write(text[:begin] + marks[0] + "\n\n" + said + "\n" + text[end:])
    os.rename(path + ".new", path)


def write(bench, sizes, people, rounds, seconds, shape=BENCH, how=""):
    facts = {"people": people, "groups": groups_of(people), "rounds": rounds,
             "seconds": seconds, "commit": commit(TOP_SRC),
             "machine": machine(os.environ.get("BENCH_DIR") or "/var/tmp"),
             "how": how or "%d rounds of %g s" % (rounds, seconds),
             "date": time.strftime("%Y-%m-%d", time.gmtime()),
             "slapd": version("slapd", "-VV"),
             "389-ds": version("ns-slapd", "-v")}
    where = os.environ.get("BENCH_REPORT") or "."
    os.makedirs(where, exist_ok=True)
    base = os.path.join(where, "%s-%d" % (shape.name, people))
    missing = getattr(bench, "missing", {})
    table = summary(bench.results, bench.titles, missing, people, shape)
    notes = bench.notes + list(unequal(table))
    told = text(table, sizes, facts, notes, shape)
    print(told)
    with open(base + ".txt", "w") as out:
        out.write(told)
    with open(base + ".md", "w") as out:
        out.write(markdown(table, facts, shape, sizes, notes))
    with open(base + ".json", "w") as out:
        json.dump({"facts": facts, "table": table, "sizes": sizes,
                   "notes": notes, "rounds": bench.results}, out,
                  indent=1)
        out.write("\n")
    if shape is BENCH and any(len(one["servers"]) > 1 for one in table):
        with open(base + ".svg", "w") as out:
            out.write(svg(table, facts))
    if shape.page and os.environ.get("BENCH_PAGE"):
        into_page(os.environ["BENCH_PAGE"],
                  [mark.replace("%d", str(people)) for mark in shape.page],
                  markdown(table, facts, shape, sizes, notes))
    print("written: %s.{txt,md,json%s}" % (
        base, ",svg" if shape is BENCH else ""))
