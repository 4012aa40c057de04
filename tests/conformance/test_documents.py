"""Random documents of all of Unicode: see documents.py. 2,000 of them, with --full 20,000."""

import random
import subprocess

from . import environments, suites


def test_random_documents(request):
    version = environments.VERSIONS[-1]
    n = 20000 if request.config.getoption("--full") else 2000
    seed = random.SystemRandom().randrange(2**32)
    command = [environments.interpreter(version), "-m", "tests.conformance.documents"]
    done = subprocess.run(
        command + ["--n", str(n), "--seed", str(seed)],
        cwd=environments.ROOT,
        env=dict(environments.environment(), **suites.sanitizer()),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    print(done.stdout)
