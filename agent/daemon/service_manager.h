/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Talking to systemd through libsystemd, which is loaded only where systemd
 * has started us: with what it depends on it takes more memory than the agent.
 */
#ifndef SG_SERVICE_MANAGER_H
#define SG_SERVICE_MANAGER_H

#include <stdbool.h>

/** sg_service_notify() - sd_notify(3); nothing where nobody listens */
void sg_service_notify(const char *state);

/**
 * sg_service_socket() - a listening stream socket at @path that was passed
 * Return: the descriptor, or -ENOENT.
 */
int sg_service_socket(const char *path);

/* What the names of descriptors in the store begin with. */
#define SG_SERVICE_FD "udp"

/*
 * The service manager's file-descriptor store: what is in it stays open while
 * no agent runs, and is passed to the next one.
 */

/**
 * sg_service_fd_take() - a descriptor that an earlier agent stored
 * Return: a copy, the caller's to close; -ENOENT.
 */
int sg_service_fd_take(const char *name);

/** sg_service_fd_store() - keep it, unless one of that name is kept already */
void sg_service_fd_store(const char *name, int fd);

/** sg_service_fd_kept() - is one of that name in the store? */
bool sg_service_fd_kept(const char *name);

/** sg_service_fd_forget() - keep it no more */
void sg_service_fd_forget(const char *name);

#endif
