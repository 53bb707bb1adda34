// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Writing and strict reading of the records inside message frames. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <signet/core/handshake.h>
#include <signet/core/record.h>
#include <signet/core/reliable.h>

_Static_assert(SIGNET_RECORDS_MAX % SIGNET_MESSAGE_PAD == 0,
	       "the longest plaintext is whole");
_Static_assert(SIGNET_RECORDS_MAX <= UINT16_MAX, "lengths fit 16 bits");

/* What a body of each known kind may measure. */
static const struct {
	uint16_t min, max;
} body_len[] = {
	[SIGNET_RECORD_PING] = { SIGNET_PING_ID_LEN, UINT16_MAX },
	[SIGNET_RECORD_PONG] = { SIGNET_PING_ID_LEN, UINT16_MAX },
	[SIGNET_RECORD_CHALLENGE] = { SIGNET_CHALLENGE_LEN,
				      SIGNET_CHALLENGE_LEN },
	[SIGNET_RECORD_ECHO] = { SIGNET_CHALLENGE_LEN, SIGNET_CHALLENGE_LEN },
	[SIGNET_RECORD_CLOSE] = { 1, 1 },
	[SIGNET_RECORD_REKEY_REQUEST] = { 1, UINT16_MAX },
	[SIGNET_RECORD_REKEY_RESPONSE] = { 1, UINT16_MAX },
	[SIGNET_RECORD_FRAGMENT] = { SIGNET_FRAGMENT_HDR_LEN,
				     SIGNET_FRAGMENT_HDR_LEN +
					     SIGNET_FRAGMENT_LEN },
	[SIGNET_RECORD_ACK] = { SIGNET_ACK_HDR_LEN + 4,
				SIGNET_ACK_HDR_LEN + 4 * SIGNET_ACK_RANGES },
	[SIGNET_RECORD_PROBE] = { SIGNET_PROBE_LEN, SIGNET_PROBE_LEN },
	[SIGNET_RECORD_HELLO] = { 1, SIGNET_HELLO_MAX },
};

_Static_assert(sizeof(body_len) / sizeof(body_len[0]) ==
		       SIGNET_RECORD_KNOWN + 1,
	       "each known kind has limits");

void signet_record_writer_init(struct signet_record_writer *w, uint8_t *buf,
			       size_t cap)
{
	if (cap > SIGNET_RECORDS_MAX)
		cap = SIGNET_RECORDS_MAX;
	w->buf = buf;
	w->cap = cap - cap % SIGNET_MESSAGE_PAD;
	w->len = 0;
}

size_t signet_record_space(const struct signet_record_writer *w)
{
	size_t left = w->cap - w->len;

	return left > SIGNET_RECORD_HDR_LEN ? left - SIGNET_RECORD_HDR_LEN : 0;
}

uint8_t *signet_record_reserve(struct signet_record_writer *w, uint8_t kind,
			       size_t len)
{
	size_t left = w->cap - w->len;
	uint8_t *p = w->buf + w->len;

	if (kind == SIGNET_RECORD_END || left < SIGNET_RECORD_HDR_LEN ||
	    len > left - SIGNET_RECORD_HDR_LEN)
		return NULL;
	p[0] = kind;
	p[1] = 0;
	p[2] = len & 0xff;
	p[3] = len >> 8;
	w->len += SIGNET_RECORD_HDR_LEN + len;
	return p + SIGNET_RECORD_HDR_LEN;
}

int signet_record_add(struct signet_record_writer *w, uint8_t kind,
		      const void *body, size_t len)
{
	uint8_t *p;

	if (kind == SIGNET_RECORD_END)
		return -EINVAL;
	p = signet_record_reserve(w, kind, len);
	if (!p)
		return -ENOSPC;
	if (len)
		memcpy(p, body, len);
	return 0;
}

size_t signet_record_finish(struct signet_record_writer *w)
{
	size_t pad = -w->len % SIGNET_MESSAGE_PAD;

	if (!w->len)
		pad = SIGNET_MESSAGE_PAD;
	if (pad > w->cap - w->len)
		return 0;
	if (pad)
		memset(w->buf + w->len, 0, pad);
	w->len += pad;
	return w->len;
}

static bool all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	while (len--)
		any |= *p++;
	return !any;
}

static int at_end(struct signet_record_reader *r)
{
	bool good = all_zero(r->pos, r->left);

	r->left = 0;
	return good ? 0 : -EBADMSG;
}

static bool body_len_ok(uint8_t kind, size_t len)
{
	if (kind > SIGNET_RECORD_KNOWN)
		return true;
	return len >= body_len[kind].min && len <= body_len[kind].max;
}

int signet_record_next(struct signet_record_reader *r,
		       struct signet_record *rec)
{
	const uint8_t *p = r->pos;
	size_t len;

	if (r->left < SIGNET_RECORD_HDR_LEN || p[0] == SIGNET_RECORD_END)
		return at_end(r);
	len = p[2] | p[3] << 8;
	if (p[1] || len > r->left - SIGNET_RECORD_HDR_LEN ||
	    !body_len_ok(p[0], len)) {
		r->left = 0;
		return -EBADMSG;
	}
	rec->kind = p[0];
	rec->len = len;
	rec->body = p + SIGNET_RECORD_HDR_LEN;
	r->pos += SIGNET_RECORD_HDR_LEN + len;
	r->left -= SIGNET_RECORD_HDR_LEN + len;
	return 1;
}

int signet_record_reader_init(struct signet_record_reader *r,
			      const uint8_t *buf, size_t len)
{
	struct signet_record_reader all = { .pos = buf, .left = len };
	struct signet_record rec;
	int ret;

	*r = all;
	if (!len || len > SIGNET_RECORDS_MAX || len % SIGNET_MESSAGE_PAD)
		goto bad;
	do {
		ret = signet_record_next(&all, &rec);
	} while (ret > 0);
	if (!ret)
		return 0;
bad:
	r->left = 0;
	return -EBADMSG;
}
