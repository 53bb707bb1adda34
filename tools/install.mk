# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Install and uninstall. INSTALLED lists "source:destination:mode"; uninstall
# removes exactly these destinations.
bindir     = $(PREFIX)/bin
sbindir    = $(PREFIX)/sbin
libdir     = $(PREFIX)/lib
includedir = $(PREFIX)/include
mandir     = $(PREFIX)/share/man
compdir    = $(PREFIX)/share/bash-completion/completions
# systemd and friends look under /usr/local too, but not under other prefixes.
unitdir     = $(PREFIX)/lib/systemd/system
sysusersdir = $(PREFIX)/lib/sysusers.d
tmpfilesdir = $(PREFIX)/lib/tmpfiles.d

MADE := libsignet-core.pc signetd.service
HEADERS := $(wildcard include/signet/*.h include/signet/core/*.h)
MAN := $(wildcard tools/man/*.[1-8])

INSTALLED = \
	$(BUILD)/signet:$(bindir)/signet:755 \
	$(BUILD)/signetd:$(sbindir)/signetd:755 \
	$(BUILD)/libsignet-core.a:$(libdir)/libsignet-core.a:644 \
	$(CORE_SO):$(libdir)/$(notdir $(CORE_SO)):755 \
	$(BUILD)/libsignet-core.pc:$(libdir)/pkgconfig/libsignet-core.pc:644 \
	$(BUILD)/signetd.service:$(unitdir)/signetd.service:644 \
	agent/daemon/systemd/signet.sysusers:$(sysusersdir)/signet.conf:644 \
	agent/daemon/systemd/signet.tmpfiles:$(tmpfilesdir)/signet.conf:644 \
	$(foreach h,$(HEADERS),$(h):$(includedir)/$(h:include/%=%):644) \
	$(foreach m,$(MAN),$(m):$(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)):644) \
	$(if $(wildcard tools/completion/signet.bash),tools/completion/signet.bash:$(compdir)/signet:644)
SO_LINK = $(DESTDIR)$(libdir)/libsignet-core.so

.PHONY: install uninstall

install: all $(MADE:%=$(BUILD)/%) ## install under PREFIX (/usr/local), below DESTDIR
	@for f in $(INSTALLED); do echo "$$f"; done | tools/install.sh install "$(DESTDIR)"
	@ln -sf $(notdir $(CORE_SO)) $(SO_LINK)
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then \
		systemd-sysusers $(sysusersdir)/signet.conf && \
		systemd-tmpfiles --create $(tmpfilesdir)/signet.conf && \
		systemctl daemon-reload; \
	fi
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true

uninstall: ## remove exactly what install put there
	@for f in $(INSTALLED); do echo "$$f"; done | tools/install.sh uninstall "$(DESTDIR)"
	@rm -f $(SO_LINK)

$(BUILD)/libsignet-core.pc: agent/core/libsignet-core.pc.in
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

$(BUILD)/signetd.service: agent/daemon/systemd/signetd.service.in
	@mkdir -p $(@D)
	sed -e 's|@BINDIR@|$(bindir)|' -e 's|@SBINDIR@|$(sbindir)|' $< > $@

# They hold PREFIX, which may differ from the last time.
.PHONY: $(MADE:%=$(BUILD)/%)
