// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * libnftables, loaded when the first port is exposed: it and what it needs take
 * more memory than half of the agent, and most nodes expose nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <nftables/libnftables.h>

#include "daemon/expose_nft.h"

#define LIBRARY "libnftables.so.1"

static struct {
	void *handle;
	typeof(nft_ctx_new) *ctx_new;
	typeof(nft_ctx_free) *ctx_free;
	typeof(nft_ctx_buffer_output) *buffer_output;
	typeof(nft_ctx_buffer_error) *buffer_error;
	typeof(nft_ctx_get_output_buffer) *output;
	typeof(nft_ctx_get_error_buffer) *error;
	typeof(nft_ctx_output_set_flags) *set_flags;
	typeof(nft_run_cmd_from_buffer) *run;
} nft_lib;

static int load(struct sg_error *err)
{
	const struct {
		const char *name;
		void *at;
	} symbols[] = {
		{ "nft_ctx_new", &nft_lib.ctx_new },
		{ "nft_ctx_free", &nft_lib.ctx_free },
		{ "nft_ctx_buffer_output", &nft_lib.buffer_output },
		{ "nft_ctx_buffer_error", &nft_lib.buffer_error },
		{ "nft_ctx_get_output_buffer", &nft_lib.output },
		{ "nft_ctx_get_error_buffer", &nft_lib.error },
		{ "nft_ctx_output_set_flags", &nft_lib.set_flags },
		{ "nft_run_cmd_from_buffer", &nft_lib.run },
	};
	void *handle;

	if (nft_lib.handle)
		return 0;
	handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return sg_err(
			err, ENOPKG,
			"[Expose] needs nftables: install libnftables1 (%s)",
			dlerror());
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *p = dlsym(handle, symbols[i].name);

		if (!p) {
			dlclose(handle);
			return sg_err(err, ENOPKG, LIBRARY " lacks %s",
				      symbols[i].name);
		}
		memcpy(symbols[i].at, &p, sizeof(p));
	}
	nft_lib.handle = handle;
	return 0;
}

int sg_nft_begin(struct sg_nft *nft)
{
	memset(nft, 0, sizeof(*nft));
	nft->f = open_memstream(&nft->text, &nft->len);
	return nft->f ? 0 : -ENOMEM;
}

void sg_nft_add(struct sg_nft *nft, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(nft->f, fmt, ap);
	va_end(ap);
}

/* @out: receives a copy of what was printed, or NULL */
static int run(const char *text, bool json, char **out, struct sg_error *err)
{
	struct nft_ctx *ctx;
	int ret;

	ret = load(err);
	if (ret)
		return ret;
	ret = -EIO;
	ctx = nft_lib.ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return sg_err(err, ENOMEM, "nftables: out of memory");
	if (nft_lib.buffer_output(ctx) || nft_lib.buffer_error(ctx)) {
		ret = sg_err(err, ENOMEM, "nftables: out of memory");
		goto cleanup;
	}
	if (json)
		nft_lib.set_flags(ctx, NFT_CTX_OUTPUT_JSON);
	if (nft_lib.run(ctx, text)) {
		const char *why = nft_lib.error(ctx);

		/* its first line says it; the rest repeats the text */
		sg_err(err, EIO, "nftables: %.*s", (int)strcspn(why, "\n"),
		       why);
		goto cleanup;
	}
	ret = 0;
	if (out) {
		*out = strdup(nft_lib.output(ctx));
		ret = *out ? 0 : -ENOMEM;
	}
cleanup:
	nft_lib.ctx_free(ctx);
	return ret;
}

int sg_nft_commit(struct sg_nft *nft, struct sg_error *err)
{
	bool bad = ferror(nft->f);
	int ret;

	if (fclose(nft->f) || bad)
		ret = sg_err(err, ENOMEM, "out of memory");
	else
		ret = run(nft->text, false, NULL, err);
	free(nft->text);
	return ret;
}

bool sg_nft_table_exists(const char *table)
{
	char cmd[80];

	snprintf(cmd, sizeof(cmd), "list table inet %s", table);
	return run(cmd, false, NULL, NULL) == 0;
}

static void set_elements(struct json_object *set,
			 void (*fn)(void *ctx, const char *element), void *ctx)
{
	struct json_object *elem;

	if (!json_object_object_get_ex(set, "elem", &elem) ||
	    !json_object_is_type(elem, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(elem); i++)
		fn(ctx,
		   json_object_get_string(json_object_array_get_idx(elem, i)));
}

void sg_nft_set_each(const char *table, const char *set,
		     void (*fn)(void *ctx, const char *element), void *ctx)
{
	struct json_object *root = NULL, *list, *o;
	char cmd[80], *text = NULL;

	snprintf(cmd, sizeof(cmd), "list set inet %s %s", table, set);
	if (run(cmd, true, &text, NULL))
		return;
	root = json_tokener_parse(text);
	if (!root || !json_object_object_get_ex(root, "nftables", &list) ||
	    !json_object_is_type(list, json_type_array))
		goto cleanup;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(
			    json_object_array_get_idx(list, i), "set", &o))
			set_elements(o, fn, ctx);
cleanup:
	json_object_put(root);
	free(text);
}
