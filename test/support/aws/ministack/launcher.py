"""Starts MiniStack with its faults mended: python -B launcher.py, with the environment that `start.ts` makes.

Each mending replaces a function of one exact version, so another version refuses to start instead of running half mended.
"""
import importlib.metadata
import os
import shutil
import sys
import threading

VERSION = "1.5.33"
if importlib.metadata.version("ministack") != VERSION:
    sys.exit(f"launcher.py mends MiniStack {VERSION}, found {importlib.metadata.version('ministack')}")

# Lambda functions inherit this process's environment: what is meant for the launcher must not be found there.
SETTINGS = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("HOLDFAST_TEST_")}

from ministack import app  # noqa: E402

import mend_cloudformation  # noqa: E402
import mend_eks  # noqa: E402
import mend_events  # noqa: E402
import mend_iam  # noqa: E402
import mend_lambda  # noqa: E402
import record  # noqa: E402


def end_with_parent():
    """Standard input closes however the parent ended; SIGTERM is not heeded while a custom resource is awaited."""
    sys.stdin.buffer.read()
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.kill(os.getpid(), 9)


# With TLS, root would also take port 443, which belongs to nobody's test.
app._port_is_bindable = lambda host, port: False

mend_iam.mend()
mend_lambda.mend()
mend_cloudformation.mend()
mend_events.mend(SETTINGS)
mend_eks.mend(SETTINGS)
record.record(SETTINGS)

if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    app.main()
