#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What tests/netns/vm has the VM run.
exec ./tests/netns/vm --inside "$@"
