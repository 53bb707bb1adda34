// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <nftables/libnftables.h>

#include "daemon/expose_nft.h"

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
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	int ret = -EIO;

	if (!ctx)
		return sg_err(err, ENOMEM, "nftables: out of memory");
	if (nft_ctx_buffer_output(ctx) || nft_ctx_buffer_error(ctx)) {
		ret = sg_err(err, ENOMEM, "nftables: out of memory");
		goto cleanup;
	}
	if (json)
		nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_JSON);
	if (nft_run_cmd_from_buffer(ctx, text)) {
		const char *why = nft_ctx_get_error_buffer(ctx);

		/* its first line says it; the rest repeats the text */
		sg_err(err, EIO, "nftables: %.*s", (int)strcspn(why, "\n"),
		       why);
		goto cleanup;
	}
	ret = 0;
	if (out) {
		*out = strdup(nft_ctx_get_output_buffer(ctx));
		ret = *out ? 0 : -ENOMEM;
	}
cleanup:
	nft_ctx_free(ctx);
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
