# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel module in virtual machines; tests/vm/README.md.
KERNEL ?= 6.12
TEST   ?=

.PHONY: kmod vm vm-deps selftest

kmod: vm-deps ## build signet.ko: KERNEL=6.1, 6.12 or 7.3; C=1 with sparse
	@tests/vm/build $(KERNEL) $(if $(C),C=$(C)) && echo build/kmod/$(KERNEL)/signet.ko

vm: vm-deps kmod all ## a shell in a VM: KERNEL=6.1, 6.12 or 7.3
	@tests/vm/run $(KERNEL) --shell --to usr/bin=$(BUILD)/signet \
		--to usr/bin=$(BUILD)/signetd

vm-deps:
	@tests/deps.sh vm

selftest: vm-deps all ## the kselftests in a VM: KERNEL=..., TEST=part of a name
	@tests/vm/selftest $(KERNEL) $(TEST)
