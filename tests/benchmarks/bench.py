"""`./dev bench`: this server and Debian's redis-server side by side in one run.

Interleaved (A B A B …), each primary pinned to a core of its own, medians of the repetitions.
Judge by CPU microseconds per operation and by the ratio: throughput and latency are the machine's.
"""

import argparse
import functools
import os
import pathlib
import platform
import subprocess
import sys
import time

import catch_up
import checkpoint_cost
import collection_memory
import large_collections
import local_path
import queue_memory
import region_path
import restart

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def options_from(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS),
                        help=f"which parts, of {', '.join(PARTS)}")
    parser.add_argument("--rows", help="only rows whose name contains one of these, comma separated")
    parser.add_argument("--setups", help='only setups whose name contains this: "everysec, replica"')
    parser.add_argument("--seconds", type=float, default=1.2, help="for one measurement of a row")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smaller data, for a first look")
    parser.add_argument("--write", action="store_true", help="write the tables to the documents")
    options = parser.parse_args(arguments)
    options.parts = options.parts.split(",")
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.quick:
        options.seconds = min(options.seconds, 0.5)
    return options


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def machine():
    model = next((line.split(":")[1].strip()
                  for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    changed = " with changes" if output_of("git", "status", "--porcelain", "-uno") else ""
    redis_version = output_of("redis-server", "--version").split("v=")[1].split()[0]
    return (f"Commit {output_of('git', 'rev-parse', '--short', 'HEAD')}{changed}; "
            f"{os.cpu_count()} cores, {model}; Linux {platform.release()}; "
            f"Redis {redis_version}; load average before the run {os.getloadavg()[0]:.1f}.")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def wanted_rows(setup, options):
    for name in local_path.ROWS:
        # A read costs the same whatever is written elsewhere: measured at both ends of the list.
        if name in local_path.READS and setup.replicas != bool(setup.more_regions):
            continue
        if options.rows and not any(part in name for part in options.rows.split(",")):
            continue
        yield name


def busy(sample):
    """Bold where the load did not keep the server busy."""
    # Connecting is not in the time that the load took.
    share = f"{min(sample.busy, 1):.0%}"
    return share if sample.busy >= local_path.SATURATED else f"**{share}**"


def rows_part(options, progress):
    lines = []
    cpu = {}
    for setup in local_path.SETUPS:
        if options.setups and options.setups not in str(setup):
            continue
        names = list(wanted_rows(setup, options))
        if not names:
            continue
        for name, (ours, theirs) in local_path.measure_setup(
                setup, names, options, progress).items():
            cpu[str(setup), name] = ours.cpu_us
            lines.append([
                f"{name}; {setup}", f"{ours.cpu_us:.2f}", f"{theirs.cpu_us:.2f}",
                f"**{ours.cpu_us / theirs.cpu_us:.2f} ×**",
                f"{busy(ours)} / {busy(theirs)}",
                f"{ours.throughput / 1e3:.0f} / {theirs.throughput / 1e3:.0f}",
                f"{ours.p50_ms:.2f} / {ours.p99_ms:.2f}",
                f"{theirs.p50_ms:.2f} / {theirs.p99_ms:.2f}"])
    text = table(["Command; setup", "CPU µs, ours", "Redis", "ratio", "busy, ours / Redis",
                  "thousand/s, ours / Redis", "p50 / p99 ms, ours", "Redis"], lines)
    alone, mesh = str(local_path.Setup("everysec")), str(local_path.Setup("everysec", 0, 2))
    kept = [[name, f"{cpu[alone, name]:.2f}", f"{cpu[mesh, name]:.2f}",
             f"{cpu[alone, name] / cpu[mesh, name]:.0%}"]
            for name in local_path.ROWS if (alone, name) in cpu and (mesh, name) in cpu]
    if kept:
        text += ("\n\nWhat a mesh of three regions costs the region that writes (everysec):\n\n"
                 + table(["Command", "CPU µs alone", "in the mesh", "capacity kept"], kept))
    return text


def wait_part(options, _):
    ours, theirs = local_path.measure_wait(options)
    return table(["SET + WAIT 1, one connection", "ours", "Redis", "ratio"],
                 [["p50, µs", f"{ours:.0f}", f"{theirs:.0f}", f"**{ours / theirs:.2f} ×**"]])


def memory_part(options, _):
    ours, theirs = local_path.measure_memory(options)
    return table(["Resident bytes per key (78 bytes of key and value)", "ours", "Redis", "ratio"],
                 [["strings", f"{ours:.0f}", f"{theirs:.0f}", f"**{ours / theirs:.2f} ×**"]])


def collections_part(options, progress):
    rows = [[name, f"{ours:.0f}", f"{theirs:.0f}", f"**{ours / theirs:.2f} ×**"]
            for name, (ours, theirs) in collection_memory.measure(options, progress).items()]
    return table(["Resident bytes per element", "ours", "Redis", "ratio"], rows)


def queue_part(options, _):
    before, after = queue_memory.measure(options)
    return table(["Resident MiB, a region of three paused", "before", "after", "ratio"],
                 [[f"{queue_memory.PAIRS // (10 if options.quick else 1):,} LPUSH and RPOP in turns",
                   f"{before / 2**20:.1f}", f"{after / 2**20:.1f}",
                   f"**{after / before:.3f} ×**"]])


def pauses_part(options, _):
    ours, theirs = local_path.measure_pauses(options)
    return table(["The longest that another client waits, ms", "ours", "Redis"],
                 [[what, f"{ours[what]:.1f}", f"{theirs[what]:.1f}"] for what in ours])


def link_part(options, _):
    return table(["Bytes on a region link per SET of 16 + 16 bytes, both directions", "bytes"],
                 [[name, f"{value:.1f}"]
                  for name, value in region_path.measure_link(options).items()])


def visibility_part(options, _):
    return table(["Written at one region, visible at another, ms", "p50", "p99"],
                 [[name, f"{p50:.2f}", f"{p99:.2f}"]
                  for name, (p50, p99) in region_path.measure_visibility(options).items()])


def restart_part(options, _):
    keys = restart.KEYS // (10 if options.quick else 1)
    return table([f"Back after kill -9 with {keys:,} keys of 64 bytes, s", "first GET", "all loaded"],
                 [[name, f"{first:.2f}", f"{loaded:.2f}"]
                  for name, (first, loaded) in restart.measure(options).items()])


def catch_up_part(options, _):
    keys = catch_up.KEYS // (5 if options.quick else 1)
    return table([f"Catching up with {keys:,} keys of 64 bytes, each written once", "thousand/s",
                  "less waiting for a core", "CPU µs each, sender", "receiver"],
                 [[name, f"{result.per_second / 1e3:.0f}", f"{result.undisturbed / 1e3:.0f}",
                   f"{result.sender_us:.2f}", f"{result.receiver_us:.2f}"]
                  for name, result in catch_up.measure(options).items()])


def checkpoint_part(options, _):
    cost = checkpoint_cost.measure(options)
    return table(["Checkpoints, one each second, under pipelined SETs of random keys", ""],
                 [["throughput that is left, RocksDB's threads on other cores",
                   f"{cost['throughput']:.0%}"],
                  ["the same, all threads on one core", f"{cost['shared']:.0%}"],
                  [f"rows written for {cost['operations']:,} SETs", f"{cost['rows']:,.0f}"],
                  ["CPU µs for each row", f"{cost['cpu_us']:.2f}"],
                  ["bytes written for each changed byte", f"{cost['bytes']:.1f}"],
                  ["the longest that the node did nothing else, ms",
                   f"{cost['pause_ms']:.1f}"]])


def large_part(options, _):
    return table(["SETs of random keys, pipelined, while five collections of 100,000 elements change",
                  "thousand/s", "checkpoints", "longest slice of one, ms"],
                 [[name, f"{result.throughput / 1e3:.0f}", f"{result.checkpoints}",
                   f"{result.pause_ms:.1f}"]
                  for name, result in large_collections.measure(options).items()])


PARTS = {"rows": rows_part, "wait": wait_part, "memory": memory_part,
         "collections": collections_part, "queue": queue_part, "pauses": pauses_part, "link": link_part,
         "visibility": visibility_part, "restart": restart_part, "checkpoint": checkpoint_part,
         "large": large_part,
         "catch-up": catch_up_part}


def write_document(text):
    document = DOCUMENT.read_text()
    before, rest = document.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + "\n\n" + text + "\n\n" + END + rest.split(END)[1])


def main(arguments):
    options = options_from(arguments)
    progress = functools.partial(print, file=sys.stderr, flush=True)
    begin = time.monotonic()
    sections = [f"`./dev bench {' '.join(arguments)}`".replace(" `", "`"), machine()]
    print("\n\n".join(sections) + "\n", flush=True)
    for part in options.parts:
        progress(f"== {part}")
        sections.append(PARTS[part](options, progress))
        print(sections[-1] + "\n", flush=True)
    progress(f"{time.monotonic() - begin:.0f} s")
    if options.write:
        write_document("\n\n".join(sections))


if __name__ == "__main__":
    main(sys.argv[1:])
