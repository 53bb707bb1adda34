/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words and numbers of signet dev. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"

const char *const sg_dev_ciphers[] = { "chacha20-poly1305", "aes-256-gcm",
				       NULL };
const char *const sg_dev_df[] = { "set", "unset", "inherit", NULL };

static bool number(const char *s, char **end, uint64_t *out)
{
	int base = !strncmp(s, "0x", 2) ? 16 : 10;

	if (base == 16)
		s += 2;
	errno = 0;
	*out = strtoull(s, end, base);
	return isxdigit((unsigned char)*s) && *end != s && !errno;
}

bool sg_dev_parse_number(struct sg_tool *t, const char *what, const char *s,
			 uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (number(s, &end, out) && !*end && *out >= min && *out <= max)
		return true;
	sg_usage(t, "%s: \"%s\" is not a whole number from %llu to %llu", what,
		 s, (unsigned long long)min, (unsigned long long)max);
	return false;
}

bool sg_dev_parse_u32(struct sg_tool *t, const char *what, const char *s,
		      uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n;

	if (!sg_dev_parse_number(t, what, s, min, max, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

bool sg_dev_parse_mark(struct sg_tool *t, const char *what, const char *s,
		       uint32_t *value, uint32_t *mask)
{
	uint64_t v, m;
	char *end;

	if (!number(s, &end, &v) || v > UINT32_MAX)
		goto bad;
	m = v;
	if (*end == '/' && (!number(end + 1, &end, &m) || m > UINT32_MAX))
		goto bad;
	if (*end)
		goto bad;
	if (v & ~m) {
		sg_usage(t, "%s: \"%s\" sets bits that its mask leaves out",
			 what, s);
		return false;
	}
	*value = (uint32_t)v;
	*mask = (uint32_t)m;
	return true;
bad:
	sg_usage(t,
		 "%s: \"%s\" is not a mark, for instance 0x10 or "
		 "0x10/0xff",
		 what, s);
	return false;
}

bool sg_dev_parse_switch(struct sg_tool *t, const char *what, const char *s,
			 bool *on)
{
	*on = !strcmp(s, "on");
	if (*on || !strcmp(s, "off"))
		return true;
	sg_usage(t, "%s: \"%s\" is neither on nor off", what, s);
	return false;
}

bool sg_dev_parse_direction(struct sg_tool *t, const char *what, const char *s,
			    int *direction)
{
	if (!strcmp(s, "rx") || !strcmp(s, "receive"))
		*direction = SIGNET_DIRECTION_RECEIVE;
	else if (!strcmp(s, "tx") || !strcmp(s, "transmit"))
		*direction = SIGNET_DIRECTION_TRANSMIT;
	else
		return sg_usage(t, "%s: \"%s\" is neither rx nor tx", what, s),
		       false;
	return true;
}

bool sg_dev_parse_prefix(struct sg_tool *t, const char *what, const char *s,
			 struct sg_prefix *prefix)
{
	char good[SG_PREFIX_STR_LEN];

	if (sg_prefix_parse(s, prefix)) {
		sg_usage(t,
			 "%s: \"%s\" is not an address with a length, for "
			 "instance 10.0.0.0/8",
			 what, s);
		return false;
	}
	if (sg_prefix_is_network(prefix))
		return true;
	sg_prefix_mask(prefix);
	sg_usage(t,
		 "%s: \"%s\" has bits below its length set: did you mean %s?",
		 what, s, sg_prefix_format(prefix, good));
	return false;
}

bool sg_dev_parse_word(struct sg_tool *t, const char *what, const char *s,
		       const char *const *names, uint32_t *out)
{
	char all[96] = "";
	size_t used = 0;

	for (uint32_t i = 0; names[i]; i++) {
		if (!strcmp(names[i], s)) {
			*out = i;
			return true;
		}
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
					 i ? ", " : "", names[i]);
	}
	sg_usage(t, "%s: \"%s\" is none of %s", what, s, all);
	return false;
}
