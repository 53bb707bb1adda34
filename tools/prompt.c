/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "prompt.h"

/* One line, byte by byte: nothing stays behind in a buffer of stdio. */
static int read_line(int fd, char *buf, size_t cap)
{
	size_t n = 0;
	ssize_t r;
	char c;

	for (;;) {
		r = read(fd, &c, 1);
		if (r < 0)
			return -errno;
		if (!r || c == '\n')
			break;
		if (n + 1 == cap)
			return -EMSGSIZE;
		buf[n++] = c;
	}
	if (n && buf[n - 1] == '\r')
		n--;
	buf[n] = '\0';
	return r || n ? 0 : -ENODATA;
}

static int failed(const struct sg_tool *t, const char *what, int r, char *buf,
		  size_t cap)
{
	sodium_memzero(buf, cap);
	if (r == -EMSGSIZE)
		return sg_fail(t, SG_EXIT_FAILED, NULL,
			       "%s: longer than %zu "
			       "characters",
			       what, cap - 1);
	if (r == -EINTR)
		return sg_fail(t, SG_EXIT_FAILED, NULL, "interrupted");
	if (r == -ENODATA)
		return sg_fail(t, SG_EXIT_FAILED, NULL, "%s: empty", what);
	return sg_fail(t, SG_EXIT_FAILED, NULL, "%s: %s", what, strerror(-r));
}

static void interrupted(int sig)
{
	/* only so that read() returns */
}

/* Ask and read with the terminal as it is; 0 or -errno. */
static int converse(int fd, const char *question, char *buf, size_t cap)
{
	struct sigaction sa = { .sa_handler = interrupted }, sigint, sigterm;
	int r;

	/* an interrupt must not leave a terminal without echo */
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, &sigint);
	sigaction(SIGTERM, &sa, &sigterm);
	if (write(fd, question, strlen(question)) < 0)
		r = -errno;
	else
		r = read_line(fd, buf, cap);
	sigaction(SIGINT, &sigint, NULL);
	sigaction(SIGTERM, &sigterm, NULL);
	return r;
}

static int ask(const struct sg_tool *t, const char *question, char *buf,
	       size_t cap, bool echo)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios old, quiet;
	int r;

	if (fd < 0 || tcgetattr(fd, &old)) {
		if (fd >= 0)
			close(fd);
		return sg_fail(t, SG_EXIT_FAILED,
			       "give it in a file: `--help` "
			       "shows the option",
			       "there is no terminal to ask on");
	}
	quiet = old;
	if (!echo)
		quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	r = converse(fd, question, buf, cap);
	tcsetattr(fd, TCSAFLUSH, &old);
	if ((!echo || r == -EINTR) && write(fd, "\n", 1) < 0 && !r)
		r = -errno;
	close(fd);
	return r ? failed(t, "the answer", r, buf, cap) : SG_EXIT_OK;
}

int sg_prompt_secret(const struct sg_tool *t, const char *question, char *buf,
		     size_t cap)
{
	return ask(t, question, buf, cap, false);
}

int sg_prompt_line(const struct sg_tool *t, const char *question, char *buf,
		   size_t cap)
{
	return ask(t, question, buf, cap, true);
}

int sg_secret_file(const struct sg_tool *t, const char *path, char *buf,
		   size_t cap)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
				   : dup(STDIN_FILENO);
	int r = fd < 0 ? -errno : read_line(fd, buf, cap);

	if (fd >= 0)
		close(fd);
	return r ? failed(t, path, r, buf, cap) : SG_EXIT_OK;
}
