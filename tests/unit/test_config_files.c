// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The configuration's files: which are read, and how peer files are written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/config.h"
#include "common/error.h"
#include "common/log.h"

static struct sg_problems problems;
static struct sg_config *cfg;
static char id_a[SIGNET_ID_STR_LEN], id_b[SIGNET_ID_STR_LEN];
static struct signet_id raw_a, raw_b;
static char dir[64];

static void drop(void)
{
	sg_config_free(cfg);
	cfg = NULL;
}

/* %a and %b stand for the two identities. */
static char *expand(const char *text)
{
	char *out = malloc(strlen(text) * 16 + 1024), *o = out;

	for (; *text; text++) {
		if (text[0] == '%' && (text[1] == 'a' || text[1] == 'b'))
			o = stpcpy(o, *++text == 'a' ? id_a : id_b);
		else
			*o++ = *text;
	}
	*o = 0;
	return out;
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	char path[128], *full = expand(text);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(full, f);
	fclose(f);
	chmod(path, mode);
	free(full);
}

static int load(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/signet.conf", dir);
	drop();
	return sg_config_load(path, &cfg, &problems);
}

static int make_dir(void **state)
{
	char sub[128];

	strcpy(dir, "/tmp/signet-config-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(sub, sizeof(sub), "%s/peers.d", dir);
	return mkdir(sub, 0755);
}

static int remove_dir(void **state)
{
	char cmd[128];

	drop();
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void a_missing_file_shows_an_example(void **state)
{
	assert_int_equal(load(), -ENOENT);
	assert_null(cfg);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.list[0].text, "\"[Node]\""));
}

static void drop_ins_are_read_in_order(void **state)
{
	put_file("signet.conf", "[Node]\nName = gw\n", 0644);
	put_file("peers.d/b.conf", "[Peer b]\nIdentity = %b\n", 0644);
	put_file("peers.d/a.conf", "[Peer a]\nIdentity = %a\n", 0644);
	put_file("peers.d/.hidden.conf", "junk\n", 0644);
	put_file("peers.d/c.conf~", "junk\n", 0644);
	assert_int_equal(load(), 0);
	assert_int_equal(cfg->n_peers, 2);
	assert_string_equal(cfg->peers[0].name, "a");
	assert_string_equal(cfg->peers[1].name, "b");
	assert_non_null(strstr(cfg->peers[1].file, "peers.d/b.conf"));
}

static void drop_ins_hold_no_node_section(void **state)
{
	put_file("signet.conf", "[Node]\nName = gw\n", 0644);
	put_file("peers.d/a.conf", "[Node]\nName = evil\n", 0644);
	assert_int_equal(load(), -EINVAL);
	assert_non_null(strstr(problems.list[0].text, "the main file"));
}

static void problems_of_all_files_are_listed(void **state)
{
	put_file("signet.conf", "[Node]\nName = /\n", 0644);
	put_file("peers.d/a.conf", "[Peer a]\n", 0644);
	assert_int_equal(load(), -EINVAL);
	assert_int_equal(problems.n, 2);
}

static void files_that_everybody_may_write_are_refused(void **state)
{
	put_file("signet.conf", "[Node]\n", 0666);
	assert_int_equal(load(), -EINVAL);
	assert_non_null(strstr(problems.list[0].text, "chmod o-w"));
}

static void a_foreign_owner_is_a_warning(void **state)
{
	char path[128];

	if (geteuid())
		skip();
	put_file("signet.conf", "[Node]\n", 0644);
	snprintf(path, sizeof(path), "%s/signet.conf", dir);
	assert_int_equal(chown(path, 12345, 0), 0);
	assert_int_equal(load(), 0);
	assert_int_equal(problems.n, 1);
	assert_true(problems.list[0].warning);
}

static void large_files_and_folders_are_refused(void **state)
{
	char path[128];

	put_file("signet.conf", "[Node]\n", 0644);
	snprintf(path, sizeof(path), "%s/signet.conf", dir);
	assert_int_equal(truncate(path, SG_CONFIG_FILE_MAX + 1), 0);
	assert_int_equal(load(), -EFBIG);
	assert_int_equal(problems.errors, 1);
	unlink(path);
	mkdir(path, 0755);
	assert_int_equal(load(), -EINVAL);
}

static void twenty_thousand_peers_load_within_a_second(void **state)
{
	struct timespec a, b;
	struct signet_id id;
	char id_str[SIGNET_ID_STR_LEN], path[128];
	FILE *f = NULL;
	int i;

	put_file("signet.conf", "[Limits]\nMaxPeers = 20000\n", 0644);
	for (i = 0; i < 20000; i++) {
		if (i % 2000 == 0) {
			if (f)
				fclose(f);
			snprintf(path, sizeof(path), "%s/peers.d/%d.conf", dir,
				 i);
			f = fopen(path, "w");
		}
		memset(&id, 7, sizeof(id));
		memcpy(id.b, &i, sizeof(i));
		signet_id_format(&id, id_str);
		fprintf(f,
			"[Peer p%d]\nIdentity = %s\nPrefixes = "
			"10.%d.%d.%d/32\nEndpoint = 192.0.2.1:51900\n",
			i, id_str, i >> 16, i >> 8 & 255, i & 255);
	}
	fclose(f);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(load(), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_int_equal(cfg->n_peers, 20000);
	print_message("20000 peers: %ld ms\n",
		      (b.tv_sec - a.tv_sec) * 1000 +
			      (b.tv_nsec - a.tv_nsec) / 1000000);
	/* Sanitizers and busy machines take their time. */
	assert_true(b.tv_sec - a.tv_sec < 8);
	assert_non_null(sg_config_peer_by_name(cfg, "p19999"));
}

static void written_peers_are_read_back(void **state)
{
	struct sg_config_endpoint e[2] = { { (char *)"ctl.example", 1 },
					   { (char *)"2001:db8::1", 2 } };
	struct sg_prefix prefix[2] = { { AF_INET, 8, { 10 } },
				       { AF_INET6, 16, { 0xfd, 1 } } };
	struct sg_config_allow allow[2] = {
		{ .item = { SIGNET_ALLOW_UDP, 5000, 5010 } },
		{ .item = { SIGNET_ALLOW_ICMP, 0, 65535 } },
	};
	struct sg_config_peer p = { .name = "ctl",
				    .id = raw_a,
				    .has_static = true,
				    .static_key = { 9 },
				    .endpoints = e,
				    .n_endpoints = 2,
				    .prefixes = prefix,
				    .n_prefixes = 2,
				    .allow = allow,
				    .n_allow = 2,
				    .keepalive = 25 };
	struct sg_error err;
	char sub[128];
	struct stat st;

	put_file("signet.conf", "[Node]\nName = gw\n", 0644);
	snprintf(sub, sizeof(sub), "%s/peers.d", dir);
	rmdir(sub);
	assert_int_equal(sg_config_write_peer(sub, &p, false, &err), 0);
	assert_int_equal(load(), 0);
	assert_int_equal(cfg->n_peers, 1);
	assert_true(sg_config_peer_equal(&cfg->peers[0], &p));
	assert_int_equal(stat(cfg->peers[0].file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);

	assert_int_equal(sg_config_write_peer(sub, &p, false, &err), -EEXIST);
	p.keepalive = 26;
	assert_int_equal(sg_config_write_peer(sub, &p, true, &err), 0);
	assert_false(sg_config_peer_equal(&cfg->peers[0], &p));
	assert_int_equal(load(), 0);
	assert_true(sg_config_peer_equal(&cfg->peers[0], &p));
	allow[0].item.last = 5011;
	assert_false(sg_config_peer_equal(&cfg->peers[0], &p));
	assert_int_equal(sg_config_remove_peer_file(sub, "ctl", &err), 0);
	assert_int_equal(sg_config_remove_peer_file(sub, "ctl", &err), -ENOENT);
}

static void names_cannot_leave_the_folder(void **state)
{
	static const char *const names[] = { "",    ".",       "..",   "../x",
					     "a/b", ".hidden", "a\nb", "a b" };
	struct sg_config_peer p = { .id = raw_a };
	struct sg_error err;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strcpy(p.name, names[i]);
		assert_int_equal(sg_config_write_peer(dir, &p, true, &err),
				 -EINVAL);
		assert_int_equal(
			sg_config_remove_peer_file(dir, names[i], &err),
			-EINVAL);
	}
}

static void a_host_cannot_smuggle_a_line(void **state)
{
	struct sg_config_endpoint e = { (char *)"a\nIdentity = x", 1 };
	struct sg_config_peer p = {
		.name = "ctl", .id = raw_a, .endpoints = &e, .n_endpoints = 1
	};
	struct sg_error err;

	assert_int_equal(sg_config_write_peer(dir, &p, true, &err), -EINVAL);
	e.host = (char *)"a:1, b";
	assert_int_equal(sg_config_write_peer(dir, &p, true, &err), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_missing_file_shows_an_example),
		T(drop_ins_are_read_in_order),
		T(drop_ins_hold_no_node_section),
		T(problems_of_all_files_are_listed),
		T(files_that_everybody_may_write_are_refused),
		T(a_foreign_owner_is_a_warning),
		T(large_files_and_folders_are_refused),
		T(twenty_thousand_peers_load_within_a_second),
		T(written_peers_are_read_back),
		T(names_cannot_leave_the_folder),
		T(a_host_cannot_smuggle_a_line),
	};
	int r;

	unsetenv("SIGNET_CONFIG");
	if (sodium_init() < 0)
		return 1;
	memset(&raw_a, 0xa1, sizeof(raw_a));
	memset(&raw_b, 0xb2, sizeof(raw_b));
	signet_id_format(&raw_a, id_a);
	signet_id_format(&raw_b, id_b);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	drop();
	return r;
}
