// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The Varlink server's socket: who gets in, and who has it. */
#include "varlink_fixture.h"

static void clients_beyond_the_limit_are_refused(void **state)
{
	struct sg_varlink *v[SG_VARLINK_CLIENTS_MAX], *extra;
	int i;

	for (i = 0; i < SG_VARLINK_CLIENTS_MAX; i++) {
		v[i] = client(*state);
		expect_reply(v[i], "Echo", NULL, "{}");
	}
	extra = client(*state);
	assert_int_equal(sg_varlink_recv(extra, TIMEOUT, NULL, NULL, NULL),
			 -EPIPE);
	sg_varlink_close(extra);
	sg_varlink_close(v[0]);
	for (i = 0; i < 100; i++) {
		extra = client(*state);
		if (!sg_varlink_invoke(extra, "Echo", NULL, TIMEOUT, NULL,
				       NULL))
			break;
		sg_varlink_close(extra);
		usleep(10000);
	}
	assert_true(i < 100);
	sg_varlink_close(extra);
	for (i = 1; i < SG_VARLINK_CLIENTS_MAX; i++)
		sg_varlink_close(v[i]);
}

static void a_second_agent_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct sg_varlink_server_config cfg = { .path = f->path };
	struct sg_varlink_server *second;
	struct sg_error err;

	assert_int_equal(sg_varlink_server_new(f->loop, &cfg, &second, &err),
			 -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err.text, "another agent is running"));
	sg_varlink_close(client(f));
}

static void a_dead_agents_socket_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sg_varlink_server_config cfg = { 0 };
	struct sg_varlink_server *s;
	struct sg_varlink *v;
	struct sg_error err;
	struct stat st;
	char path[96];
	int fd, i;

	snprintf(path, sizeof(path), "%s/dead.sock", f->dir);
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	assert_int_equal(sg_varlink_connect(path, &v, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "signet up"));
	cfg.path = path;
	/* The loop of this one is not running: only the socket counts. */
	for (i = 0; i < 2; i++) {
		struct sg_loop *loop;

		assert_int_equal(sg_loop_new(&loop, SG_LOOP_EPOLL), 0);
		assert_int_equal(sg_varlink_server_new(loop, &cfg, &s, &err),
				 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
		sg_varlink_server_free(s);
		sg_loop_free(loop);
	}
	assert_int_equal(sg_varlink_connect(path, &v, &err), -ENOENT);
}

static void a_file_in_the_way_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct sg_varlink_server_config cfg = { 0 };
	struct sg_varlink_server *s;
	struct sg_error err;
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/file", f->dir);
	file = fopen(path, "w");
	fclose(file);
	cfg.path = path;
	assert_int_equal(sg_varlink_server_new(f->loop, &cfg, &s, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, "not a socket"));
	assert_int_equal(unlink(path), 0);
}

/* As another user, what does this call say? 0: reply, 1: denied, 2: else */
static int as_user(struct fixture *f, uid_t uid, gid_t gid, const char *method)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct sg_varlink_fault fault;
		struct sg_varlink *v;
		int r = 2;

		if (setgroups(0, NULL) || setgid(gid) || setuid(uid) ||
		    sg_varlink_connect(f->path, &v, NULL))
			_exit(3);
		switch (sg_varlink_invoke(v, method, NULL, TIMEOUT, NULL,
					  &fault)) {
		case 0:
			r = 0;
			break;
		case -EREMOTEIO:
			r = strcmp(fault.name, SG_VARLINK_PERMISSION_DENIED)
				    ? 2
				    : 1;
		}
		_exit(r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void strangers_may_neither_read_nor_change(void **state)
{
	struct fixture *f = *state;

	if (geteuid())
		skip();
	assert_int_equal(as_user(f, 12345, 12345, "Echo"), 3);
	/* Even where the socket lets them in. */
	chmod(f->path, 0666);
	chmod(f->dir, 0755);
	assert_int_equal(as_user(f, 12345, 12345, "Echo"), 1);
	assert_int_equal(as_user(f, 12345, 12345, "Change"), 1);
	assert_int_equal(
		as_user(f, 12345, 12345, "org.varlink.service.GetInfo"), 0);
	assert_int_equal(as_user(f, 0, 12345, "Change"), 0);
}

#define S(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		S(clients_beyond_the_limit_are_refused),
		S(a_second_agent_is_refused),
		S(a_dead_agents_socket_is_replaced),
		S(a_file_in_the_way_is_left_alone),
		S(strangers_may_neither_read_nor_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
