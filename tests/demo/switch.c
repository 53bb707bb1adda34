// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A legacy smart plug with a lamp in it, as sold by the million: TP-Link's
 * smart-plug protocol on TCP port 9999. It believes whoever can reach it, and
 * knows nothing of Signet.
 *
 * usage: switch [LAMP-FILE [PORT]]
 *
 * Each change of the lamp is printed, and written to LAMP-FILE as on or off.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "autokey.h"

#define CLIENTS_MAX 16

struct client {
	int fd;
	size_t len;
	struct sockaddr_in from;
	uint8_t buf[AUTOKEY_HEADER_LEN + AUTOKEY_MAX];
};

static struct client clients[CLIENTS_MAX];
static const char *lamp_file;
static bool lamp_on;
static time_t lamp_since;

static void lamp_set(bool on, const struct sockaddr_in *from)
{
	char name[INET_ADDRSTRLEN] = "?";
	int fd;

	if (on != lamp_on)
		lamp_since = time(NULL);
	lamp_on = on;
	if (from)
		inet_ntop(AF_INET, &from->sin_addr, name, sizeof(name));
	printf("lamp %s%s%s\n", on ? "on" : "off", from ? ", told by " : "",
	       from ? name : "");
	if (!lamp_file)
		return;
	fd = open(lamp_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || dprintf(fd, "%s\n", on ? "on" : "off") < 0)
		perror(lamp_file);
	if (fd >= 0)
		close(fd);
}

static void add_error(struct json_object *reply, int code, const char *text)
{
	json_object_object_add(reply, "err_code", json_object_new_int(code));
	if (text)
		json_object_object_add(reply, "err_msg",
				       json_object_new_string(text));
}

static struct json_object *get_sysinfo(void)
{
	static const char *const text[][2] = {
		{ "sw_ver", "1.5.4 Build 180815 Rel.121440" },
		{ "hw_ver", "2.0" },
		{ "type", "IOT.SMARTPLUGSWITCH" },
		{ "model", "HS100(EU)" },
		{ "mac", "02:00:00:00:00:50" },
		{ "dev_name", "Smart Wi-Fi Plug" },
		{ "alias", "Lamp" },
		{ "active_mode", "none" },
		{ "feature", "TIM" },
		{ "icon_hash", "" },
	};
	struct json_object *info = json_object_new_object();
	int on_time = lamp_on ? (int)(time(NULL) - lamp_since) : 0;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		json_object_object_add(info, text[i][0],
				       json_object_new_string(text[i][1]));
	json_object_object_add(info, "relay_state",
			       json_object_new_int(lamp_on));
	json_object_object_add(info, "on_time", json_object_new_int(on_time));
	json_object_object_add(info, "updating", json_object_new_int(0));
	json_object_object_add(info, "rssi", json_object_new_int(-52));
	json_object_object_add(info, "led_off", json_object_new_int(0));
	add_error(info, 0, NULL);
	return info;
}

static struct json_object *set_relay_state(struct json_object *arg,
					   const struct sockaddr_in *from)
{
	struct json_object *reply = json_object_new_object();
	struct json_object *state;

	if (!json_object_object_get_ex(arg, "state", &state)) {
		add_error(reply, -3, "invalid argument");
		return reply;
	}
	lamp_set(json_object_get_int(state) != 0, from);
	add_error(reply, 0, NULL);
	return reply;
}

/* One module's commands, for instance {"set_relay_state":{"state":1}}. */
static struct json_object *run_module(const char *module,
				      struct json_object *commands,
				      const struct sockaddr_in *from)
{
	struct json_object *reply = json_object_new_object();

	if (strcmp(module, "system") ||
	    !json_object_is_type(commands, json_type_object)) {
		add_error(reply, -1, "module not support");
		return reply;
	}
	json_object_object_foreach(commands, name, arg)
	{
		struct json_object *one;

		if (!strcmp(name, "get_sysinfo")) {
			one = get_sysinfo();
		} else if (!strcmp(name, "set_relay_state")) {
			one = set_relay_state(arg, from);
		} else {
			one = json_object_new_object();
			add_error(one, -2, "member not support");
		}
		json_object_object_add(reply, name, one);
	}
	return reply;
}

static int answer(struct client *c, const char *request)
{
	struct json_object *req = json_tokener_parse(request);
	struct json_object *reply = NULL;
	uint8_t out[AUTOKEY_HEADER_LEN + AUTOKEY_MAX];
	const char *text;
	int err = -1;
	size_t len;

	if (!json_object_is_type(req, json_type_object))
		goto cleanup;
	reply = json_object_new_object();
	json_object_object_foreach(req, module, commands)
		json_object_object_add(reply, module,
				       run_module(module, commands, &c->from));
	text = json_object_to_json_string_length(reply, JSON_C_TO_STRING_PLAIN,
						 &len);
	if (len > AUTOKEY_MAX)
		goto cleanup;
	autokey_put_length(out, len);
	memcpy(out + AUTOKEY_HEADER_LEN, text, len);
	autokey_encode(out + AUTOKEY_HEADER_LEN, len);
	len += AUTOKEY_HEADER_LEN;
	if (send(c->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len)
		err = 0;
cleanup:
	json_object_put(reply);
	json_object_put(req);
	return err;
}

/* Return: -1 when the client is gone or talks nonsense. */
static int client_read(struct client *c)
{
	char request[AUTOKEY_MAX + 1];
	ssize_t n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);

	if (n <= 0)
		return -1;
	c->len += n;
	while (c->len >= AUTOKEY_HEADER_LEN) {
		size_t len = autokey_get_length(c->buf);
		size_t all = AUTOKEY_HEADER_LEN + len;

		if (len > AUTOKEY_MAX)
			return -1;
		if (c->len < all)
			break;
		memcpy(request, c->buf + AUTOKEY_HEADER_LEN, len);
		autokey_decode((uint8_t *)request, len);
		request[len] = 0;
		memmove(c->buf, c->buf + all, c->len - all);
		c->len -= all;
		if (answer(c, request))
			return -1;
	}
	return 0;
}

static void client_accept(int fd)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	int new =
		accept4(fd, (struct sockaddr *)&from, &from_len, SOCK_CLOEXEC);

	if (new < 0)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd >= 0)
			continue;
		clients[i].fd = new;
		clients[i].len = 0;
		clients[i].from = from;
		return;
	}
	close(new);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 8)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int serve(int fd)
{
	struct pollfd p[CLIENTS_MAX + 1] = { { .fd = fd, .events = POLLIN } };

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		p[i + 1] = (struct pollfd){ .fd = clients[i].fd,
					    .events = POLLIN };
	if (poll(p, CLIENTS_MAX + 1, -1) < 0)
		return errno == EINTR ? 0 : -1;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (!p[i + 1].revents || !client_read(&clients[i]))
			continue;
		close(clients[i].fd);
		clients[i].fd = -1;
	}
	if (p[0].revents)
		client_accept(fd);
	return 0;
}

int main(int argc, char **argv)
{
	int port = argc > 2 ? atoi(argv[2]) : AUTOKEY_PORT;
	int fd = listen_on((uint16_t)port);

	if (fd < 0) {
		fprintf(stderr, "switch: port %d: %m\n", port);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	lamp_file = argc > 1 ? argv[1] : NULL;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		clients[i].fd = -1;
	lamp_set(false, NULL);
	while (!serve(fd))
		;
	perror("switch");
	return 1;
}
