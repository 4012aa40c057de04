"""Rounds of runs, interleaved, so that what disturbs the machine disturbs all servers alike."""

import contextlib
import statistics
import sys

from bench import load, models, process
from bench.servers import COMMANDS, Server


def say(text):
    print(text, file=sys.stderr, flush=True)


def spread(values):
    """Median, least and greatest, or None when no run counted."""
    if not values:
        return None
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "n": len(values),
    }


def summary(rounds, names):
    """For each server: what it did, and how that compares with nginx in the same round."""
    out = {}
    for name in names:
        runs = [r[name] for r in rounds]
        good = [r for r in runs if not r.void]
        pairs = [(r[name], r["nginx"]) for r in rounds if not (r[name].void or r["nginx"].void)]
        out[name] = {
            "rate": spread([r.rate for r in good]),
            "cpu_us": spread([r.cpu_us for r in good]),
            "generator": spread([r.generator for r in runs]),
            "others": spread([r.others for r in runs]),
            "rate_to_nginx": spread([ours.rate / limit.rate for ours, limit in pairs]),
            "cpu_to_nginx": spread([ours.cpu_us / limit.cpu_us for ours, limit in pairs]),
            "void": sorted({r.void for r in runs if r.void}),
        }
    return out


def rates(model, estimator, out, n_rounds, seconds):
    bodies = (out / "bodies.txt").read_text().splitlines()[:20]
    wanted = [estimator.predict([models.row_of(body)])[0] for body in bodies]
    names = list(COMMANDS)
    with contextlib.ExitStack() as stack:
        servers = {n: stack.enter_context(Server(n, out / f"{model}.pkl", out)) for n in names}
        for name, server in servers.items():
            server.first_answer_ms(bodies[0])
            if name != "nginx":
                server.check(bodies, wanted)
            load.run(server, out, 1)
        rounds = []
        for i in range(n_rounds):
            order = names[i % len(names) :] + names[: i % len(names)]
            rounds.append({n: load.run(servers[n], out, seconds) for n in order})
            say(
                f"  {model} {i + 1}/{n_rounds}: "
                + ", ".join(
                    f"{n} {rounds[-1][n].rate:,.0f}/s{' void' if rounds[-1][n].void else ''}"
                    for n in names
                )
            )
        memory = {n: process.rss_mb(servers[n].pid) for n in names}
    return {"title": models.TITLES[model], "servers": summary(rounds, names), "rss_mb": memory}


def starts(model, out, n_rounds):
    """Milliseconds from exec to the first answer, and the memory then, server by server."""
    body = (out / "bodies.txt").read_text().splitlines()[0]
    names = ["modelcached", "gunicorn", "flask"]
    times, memory = {n: [] for n in names}, {n: [] for n in names}
    for i in range(n_rounds):
        for name in names:
            with Server(name, out / f"{model}.pkl", out) as server:
                times[name].append(server.first_answer_ms(body))
                memory[name].append(process.rss_mb(server.pid))
        done = ", ".join(f"{n} {times[n][-1]:.1f} ms" for n in names)
        say(f"  start {i + 1}/{n_rounds}: {done}")
    return {n: {"first_answer_ms": spread(times[n]), "rss_mb": spread(memory[n])} for n in names}
