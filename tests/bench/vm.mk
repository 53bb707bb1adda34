# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel module beside WireGuard, ESP and ovpn, in VMs that count
# instructions: make bench-vm [KERNELS="6.12"] [ONLY=figures,forged]
.PHONY: bench-vm

BENCH_KERNELS ?= $(or $(KERNELS),6.1 6.12 7.3)
VM_BENCH := $(addprefix $(BUILD)/bench/vm/,count.so phase forge static ovpn)
# what the plugin interface of the QEMU that is here calls itself
PLUGIN_VERSION = $(shell qemu-system-x86_64 --version | \
	awk '{ split($$4, v, "."); print v[1] < 9 ? 1 : v[1] < 10 ? 2 : 4; exit }')

$(BUILD)/bench/vm/count.so: tests/bench/vm/count.c tests/bench/vm/phase.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden \
		-DPLUGIN_VERSION=$(PLUGIN_VERSION) -o $@ $<

$(BUILD)/bench/vm/%: tests/bench/vm/%.c tests/bench/vm/phase.h $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS) $(PKG_LIBS)

bench-vm: test-deps $(VM_BENCH) netns-build $(addprefix $(BUILD)/,signet signetd bench/gate_live bpf/gate_floor.bpf.o) ## kernel module beside WireGuard, ESP, ovpn; KERNELS=6.12 ONLY=figures ROUNDS=1
	@for k in $(BENCH_KERNELS); do tests/vm/build $$k || exit 1; done
	@tests/bench/bench-vm --build $(BUILD) --rounds $(or $(VMROUNDS),1) --jobs $(or $(VMJOBS),1) \
		$(if $(ONLY),--only $(ONLY)) $(BENCH_KERNELS)
