#!/usr/bin/env bash
# Crash safety: every system call, every disk write, faults, negative controls, a real systemd.
set -euo pipefail
npm run --silent test:system
