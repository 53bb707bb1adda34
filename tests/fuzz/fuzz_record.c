// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Plaintexts of message frames, read as records and given to an engine of
 * reliable messages that has messages on their way. The input is a list of
 * steps: one byte says what to do, its upper six bits how much of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <signet/core/reliable.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SMALL SIGNET_RELIABLE_SMALL
#define HELD  8
#define MSEC  1000000ULL

struct run {
	struct signet_reliable *r;
	uint64_t now;
	uint64_t sent, fates, next_delivery;
	struct signet_reliable_message held[HELD];
	uint8_t *copy[HELD];
	unsigned int count;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Whatever arrives, a message that was handed out stays as it is. */
static void check_held(const struct run *f)
{
	unsigned int i;

	for (i = 0; i < f->count; i++)
		must(!memcmp(f->held[i].data, f->copy[i], f->held[i].len));
}

static void release(struct run *f)
{
	if (!f->count)
		return;
	f->count--;
	must(!signet_reliable_release(f->r, f->held[f->count].id, f->now));
	must(signet_reliable_release(f->r, f->held[f->count].id, f->now));
	free(f->copy[f->count]);
}

static void take(struct run *f)
{
	struct signet_reliable_message *m = &f->held[f->count];
	uint64_t id;
	int result;

	if (f->count < HELD && signet_reliable_poll_message(f->r, m)) {
		must(m->len <= SMALL.recv_max);
		f->copy[f->count] = malloc(m->len + 1);
		must(f->copy[f->count] != NULL);
		memcpy(f->copy[f->count], m->data, m->len);
		f->count++;
	}
	while (signet_reliable_poll_sent(f->r, &id, &result)) {
		must(id < f->sent);
		f->fates++;
	}
	must(f->fates <= f->sent);
}

static void fill(struct run *f)
{
	uint8_t buf[SIGNET_RECORDS_MAX];
	struct signet_record_reader reader;
	struct signet_record_writer w;
	int frames = 0;

	for (;;) {
		signet_record_writer_init(&w, buf, sizeof(buf));
		w.len = signet_reliable_next_records(f->r, buf, w.cap, f->now);
		if (!w.len)
			break;
		must(signet_record_finish(&w) > 0);
		must(!signet_record_reader_init(&reader, buf, w.len));
		must(++frames < 1000);
	}
	must(signet_reliable_deadline(f->r) > f->now);
}

static void frame(struct run *f, const uint8_t *data, size_t len)
{
	struct signet_record_reader reader;
	struct signet_record rec;

	if (signet_record_reader_init(&reader, data, len))
		return;
	while (signet_record_next(&reader, &rec) > 0) {
		must(rec.body + rec.len <= data + len);
		(void)signet_reliable_receive_record(f->r, rec.kind, rec.body,
						     rec.len, f->now);
	}
}

static size_t step(struct run *f, const uint8_t *data, size_t size)
{
	static const uint8_t zero[63 * 17];
	unsigned int much = data[0] >> 2;
	size_t len = (much % 18 + 1) * 64;
	uint8_t *buf;

	switch (data[0] & 3) {
	case 0:
		f->now += much * much * 10 * MSEC;
		return 1;
	case 1:
		release(f);
		return 1;
	case 2:
		f->sent += !signet_reliable_send(f->r, much, zero, much * 17,
						 f->now, NULL);
		return 1;
	default:
		size--;
		buf = calloc(1, len);
		must(buf != NULL);
		memcpy(buf, data + 1, size < len ? size : len);
		frame(f, buf, len);
		free(buf);
		return 1 + (size < len ? size : len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run f = { .now = 1000 * MSEC };
	size_t used, need = signet_reliable_size(&SMALL);
	void *mem = malloc(need);

	must(mem && !signet_reliable_init(mem, need, &SMALL, &f.r));
	while (size) {
		used = step(&f, data, size);
		data += used;
		size -= used;
		take(&f);
		fill(&f);
		check_held(&f);
	}
	while (f.count)
		release(&f);
	free(mem);
	return 0;
}
