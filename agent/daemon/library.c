// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "common/error.h"
#include "common/log.h"
#include "daemon/library.h"

void *sg_library_open(const char *file, const char *package,
		      const struct sg_symbol *symbols, size_t n,
		      struct sg_error *err)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		sg_err(err, ENOPKG, "install %s (%s)", package, dlerror());
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		void *p = dlsym(handle, symbols[i].name);

		if (!p) {
			dlclose(handle);
			sg_err(err, ENOPKG, "%s lacks %s", file,
			       symbols[i].name);
			return NULL;
		}
		memcpy(symbols[i].at, &p, sizeof(p));
	}
	return handle;
}

int sg_library_print(int level, const char *fmt, va_list args)
{
	char *text, *rest, *line;

	if (level == LIBBPF_DEBUG || vasprintf(&text, fmt, args) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			sg_log(SG_LOG_DEBUG, "%s", line);
	free(text);
	return 0;
}
