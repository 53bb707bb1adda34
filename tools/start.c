/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "human.h"
#include "start.h"

#define WAIT_MS	 15000
#define STEP_MS	 50
#define TAIL_LEN 2048

extern char **environ;

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	/* what may not be looked at is taken to be the usual case */
	if (stat(a, &sa) || stat(b, &sb))
		return true;
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool sg_systemd_runs(void)
{
	return !access("/run/systemd/system", F_OK) &&
	       same_file("/proc/self/ns/net", "/proc/1/ns/net") &&
	       same_file("/proc/self/ns/mnt", "/proc/1/ns/mnt");
}

/* Run a program to its end. Return: its exit status, or -1. */
static int run(char *const argv[], bool silent)
{
	posix_spawn_file_actions_t actions;
	int r, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (silent) {
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
						 "/dev/null", O_WRONLY, 0);
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
						 "/dev/null", O_WRONLY, 0);
	}
	r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool unit_installed(void)
{
	char *argv[] = { (char *)"systemctl", (char *)"cat",
			 (char *)"signetd.service", NULL };

	return !run(argv, true);
}

static int start_unit(struct sg_tool *t)
{
	char *argv[] = { (char *)"systemctl", (char *)"start",
			 (char *)"signetd.service", NULL };

	if (run(argv, t->json))
		return sg_fail(t, SG_EXIT_FAILED,
			       "see why: `systemctl status "
			       "signetd` and `journalctl -u signetd -n 50`",
			       "`systemctl start signetd` failed");
	return SG_EXIT_OK;
}

/* Beside this command, in sbin beside its folder, or somewhere in PATH. */
static void find_agent(char path[PATH_MAX])
{
	static const char *const places[] = { "%s/signetd",
					      "%s/../sbin/signetd",
					      "%s/../libexec/signetd" };
	char self[PATH_MAX - 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash)
			*slash = '\0';
		for (size_t i = 0; i < 3; i++) {
			snprintf(path, PATH_MAX, places[i], self);
			if (!access(path, X_OK))
				return;
		}
	}
	strcpy(path, "signetd");
}

static void pause_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

/* The end of its log, so that nobody has to look for it. */
static void show_tail(const struct sg_tool *t, const char *log)
{
	char buf[TAIL_LEN + 1], *p = buf;
	FILE *f = t->json ? NULL : fopen(log, "re");
	size_t n;

	if (!f)
		return;
	if (fseek(f, -TAIL_LEN, SEEK_END))
		rewind(f);
	n = fread(buf, 1, TAIL_LEN, f);
	buf[n] = '\0';
	if (n == TAIL_LEN && strchr(buf, '\n'))
		p = strchr(buf, '\n') + 1;
	for (char *line = strtok(p, "\n"); line; line = strtok(NULL, "\n")) {
		fputs("  | ", stderr);
		sg_put(stderr, line);
		putc('\n', stderr);
	}
	fclose(f);
}

static int wait_until_ready(struct sg_tool *t, pid_t pid, const char *log)
{
	char remedy[PATH_MAX + 32];
	int status;

	snprintf(remedy, sizeof(remedy), "its log is %s", log);
	for (int ms = 0; ms < WAIT_MS; ms += STEP_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			sg_fail(t, SG_EXIT_FAILED, remedy,
				"signetd ended at "
				"once");
			show_tail(t, log);
			return SG_EXIT_FAILED;
		}
		if (!access(t->socket, F_OK) && sg_agent_answers(t))
			return SG_EXIT_OK;
		pause_ms(STEP_MS);
	}
	return sg_fail(t, SG_EXIT_NO_AGENT, remedy,
		       "signetd was started, but "
		       "does not answer at %s",
		       t->socket);
}

/* The folder of the socket, which systemd would have made. */
static void make_folder_of(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return;
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	mkdir(dir, 0755); /* signetd says what is wrong if it fails */
}

static int spawn_agent(struct sg_tool *t)
{
	char agent[PATH_MAX], log[PATH_MAX];
	char *argv[] = { agent,
			 (char *)"--config",
			 (char *)t->config,
			 (char *)"--state",
			 (char *)t->state,
			 (char *)"--socket",
			 (char *)t->socket,
			 NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	pid_t pid;
	int r;

	find_agent(agent);
	snprintf(log, sizeof(log), "%s/signetd.log", t->state);
	make_folder_of(t->socket);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_addopen(
		&actions, STDOUT_FILENO, log,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO,
					 STDERR_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	r = posix_spawnp(&pid, agent, &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (r)
		return sg_fail(t, r == EACCES ? SG_EXIT_DENIED : SG_EXIT_FAILED,
			       "run it as root; signetd should be beside "
			       "signet or in PATH",
			       "cannot start %s: %s", agent, strerror(r));
	sg_note(t, "signetd runs in the background; its log is %s", log);
	return wait_until_ready(t, pid, log);
}

/* What an agent could only end over, said before it is started. */
static int check_ready(struct sg_tool *t)
{
	char keys[PATH_MAX];

	snprintf(keys, sizeof(keys), "%s/identity.history", t->state);
	if (access(keys, F_OK) && errno == ENOENT)
		return sg_fail(t, SG_EXIT_FAILED,
			       "make one with `signet "
			       "identity new`, or bring one back with `signet "
			       "identity restore`",
			       "%s holds no identity yet", t->state);
	if (access(t->config, F_OK) && errno == ENOENT)
		return sg_fail(t, SG_EXIT_FAILED,
			       "a file with the line "
			       "\"[Node]\" is enough to begin with; see "
			       "signet.conf(5)",
			       "there is no configuration "
			       "file %s",
			       t->config);
	return SG_EXIT_OK;
}

int sg_start_agent(struct sg_tool *t)
{
	int code = check_ready(t);

	if (code)
		return code;
	if (t->defaults && sg_systemd_runs() && unit_installed())
		return start_unit(t);
	return spawn_agent(t);
}
