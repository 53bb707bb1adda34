# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The module on the running machine: once, or with DKMS for each new kernel.
DKMS_SRC = $(DESTDIR)/usr/src/signet-$(VERSION)
KDIR    ?= /lib/modules/$(shell uname -r)/build

.PHONY: modules modules_install install-dkms uninstall-dkms

modules:
	$(MAKE) -C kmod KDIR=$(KDIR) modules

modules_install: modules ## build signet.ko for the running kernel (KDIR=) and install it
	$(MAKE) -C kmod KDIR=$(KDIR) modules_install
	[ -n "$(INSTALL_MOD_PATH)" ] || depmod -a

install-dkms: ## the module's source for DKMS, which builds it for each new kernel
	@rm -rf $(DKMS_SRC)
	@mkdir -p $(DKMS_SRC)/kmod
	@cd kmod && find . -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
		! -name '.*' ! -name Module.symvers ! -path './compat/generated/*' | \
		while read -r f; do install -D -m 644 "$$f" $(DKMS_SRC)/kmod/"$$f"; done
	@find include -type f | \
		while read -r f; do install -D -m 644 "$$f" $(DKMS_SRC)/"$$f"; done
	@install -m 644 VERSION $(DKMS_SRC)/
	@rm -f $(DKMS_SRC)/kmod/dkms.conf
	@sed 's|@VERSION@|$(VERSION)|' kmod/dkms.conf >$(DKMS_SRC)/dkms.conf
	@if [ -z "$(DESTDIR)" ] && command -v dkms >/dev/null; then \
		dkms install signet/$(VERSION); fi

uninstall-dkms:
	@if [ -z "$(DESTDIR)" ] && command -v dkms >/dev/null; then \
		dkms remove signet/$(VERSION) --all || true; fi
	@rm -rf $(DKMS_SRC)
