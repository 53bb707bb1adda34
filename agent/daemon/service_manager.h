/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Talking to systemd through libsystemd, which is loaded only where systemd
 * has started us: with what it depends on it takes more memory than the agent.
 */
#ifndef SG_SERVICE_MANAGER_H
#define SG_SERVICE_MANAGER_H

/** sg_service_notify() - sd_notify(3); nothing where nobody listens */
void sg_service_notify(const char *state);

/**
 * sg_service_socket() - a listening stream socket at @path that was passed
 * Return: the descriptor, or -ENOENT.
 */
int sg_service_socket(const char *path);

#endif
