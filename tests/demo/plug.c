// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The controller's ordinary program for smart plugs. It knows nothing of
 * Signet either: it is only pointed at an address.
 *
 * usage: plug ADDRESS[:PORT] on|off|info [SECONDS]
 */
#include <errno.h>
#include <json-c/json.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "autokey.h"

static const struct {
	const char *name;
	const char *json;
} commands[] = {
	{ "on", "{\"system\":{\"set_relay_state\":{\"state\":1}}}" },
	{ "off", "{\"system\":{\"set_relay_state\":{\"state\":0}}}" },
	{ "info", "{\"system\":{\"get_sysinfo\":{}}}" },
};

static const char *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].json;
	return NULL;
}

/* Splits "address", "address:port" or "[v6 address]:port" in place. */
static char *split_port(char *where, const char **port)
{
	char *colon = strrchr(where, ':');
	char *end;

	*port = "9999";
	if (*where == '[' && (end = strchr(where, ']'))) {
		if (end[1] == ':')
			*port = end + 2;
		*end = 0;
		return where + 1;
	}
	if (colon && colon == strchr(where, ':')) {
		*port = colon + 1;
		*colon = 0;
	}
	return where;
}

static int plug_connect(char *where, long seconds)
{
	struct timeval limit = { .tv_sec = seconds };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	const char *port;
	char *host = split_port(where, &port);
	int err = getaddrinfo(host, port, &hints, &list);
	int fd;

	if (err) {
		fprintf(stderr, "plug: %s: %s\n", host, gai_strerror(err));
		return -1;
	}
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		/* on Linux this limits connect() too */
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	}
	if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen)) {
		if (errno == EINPROGRESS)
			errno = ETIMEDOUT;
		fprintf(stderr, "plug: %s port %s: %m\n", host, port);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

static bool read_all(int fd, uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, buf, len, 0);

		if (n <= 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

/* Return: the reply as JSON, to be put; NULL when there was none. */
static struct json_object *plug_ask(int fd, const char *json)
{
	uint8_t buf[AUTOKEY_HEADER_LEN + AUTOKEY_MAX + 1];
	size_t len = strlen(json);

	autokey_put_length(buf, len);
	memcpy(buf + AUTOKEY_HEADER_LEN, json, len);
	autokey_encode(buf + AUTOKEY_HEADER_LEN, len);
	len += AUTOKEY_HEADER_LEN;
	if (send(fd, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
		return NULL;
	if (!read_all(fd, buf, AUTOKEY_HEADER_LEN))
		return NULL;
	len = autokey_get_length(buf);
	if (len > AUTOKEY_MAX || !read_all(fd, buf, len))
		return NULL;
	autokey_decode(buf, len);
	buf[len] = 0;
	return json_tokener_parse((char *)buf);
}

static int plug_print(struct json_object *reply)
{
	struct json_object *system;
	int err = 0;

	if (!json_object_object_get_ex(reply, "system", &system) ||
	    !json_object_is_type(system, json_type_object))
		return 1;
	printf("%s\n",
	       json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN));
	json_object_object_foreach(system, name, result)
	{
		struct json_object *code;

		if (!json_object_object_get_ex(result, "err_code", &code) ||
		    json_object_get_int(code)) {
			fprintf(stderr, "plug: %s failed\n", name);
			err = 1;
		}
	}
	return err;
}

int main(int argc, char **argv)
{
	const char *json = argc >= 3 ? command_find(argv[2]) : NULL;
	struct json_object *reply;
	int fd, err;

	if (!json) {
		fprintf(stderr,
			"usage: plug ADDRESS[:PORT] on|off|info [SECONDS]\n");
		return 2;
	}
	fd = plug_connect(argv[1], argc > 3 ? atol(argv[3]) : 5);
	if (fd < 0)
		return 1;
	reply = plug_ask(fd, json);
	close(fd);
	if (!reply) {
		fprintf(stderr, "plug: no answer\n");
		return 1;
	}
	err = plug_print(reply);
	json_object_put(reply);
	return err;
}
