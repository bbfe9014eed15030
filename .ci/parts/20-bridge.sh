#!/usr/bin/env bash
# The bridge at full counts: kills, upgrades, overflow, real programs, negative controls.
set -euo pipefail
npm run --silent test:bridge
