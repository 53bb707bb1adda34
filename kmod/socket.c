// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attaching UDP sockets to a device and detaching them.
 *
 * Who may end an attachment: netlink and dellink, under sd->lock; the socket's
 * last close, by encap_destroy, which takes it. sk_user_data points to the
 * signet_socket exactly as long as sd->sockets does.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "device.h"
#include "event.h"
#include "rx.h"
#include "socket.h"
#include "tx.h"

/* as other tunnels that are told apart by their encap_rcv alone */
#define SIGNET_ENCAP_TYPE 1

static struct signet_socket *attached(struct signet_device *sd, u16 family)
{
	return rcu_dereference_protected(
		sd->sockets[signet_family_index(family)],
		lockdep_is_held(&sd->lock));
}

static void update_carrier(struct signet_device *sd)
{
	if (sd->dying) /* a change would have to be waited for */
		return;
	if (attached(sd, AF_INET) || attached(sd, AF_INET6))
		netif_carrier_on(sd->dev);
	else
		netif_carrier_off(sd->dev);
}

/*
 * The owner may have put other callbacks there by setsockopt(UDP_ENCAP); those
 * stay as they are. UDP_GRO that it asked for came with ACCEPT_L4.
 */
static void release_callbacks(struct signet_socket *s)
{
	struct udp_sock *up = udp_sk(s->sk);

	lock_sock(s->sk);
	if (READ_ONCE(up->encap_rcv) == signet_encap_rcv) {
		WRITE_ONCE(up->encap_type, 0);
		WRITE_ONCE(up->encap_rcv, NULL);
	}
	WRITE_ONCE(up->encap_err_lookup, NULL);
	WRITE_ONCE(up->encap_destroy, NULL);
	if (!udp_test_bit(ACCEPT_L4, s->sk))
		udp_clear_bit(GRO_ENABLED, s->sk);
	if (READ_ONCE(inet_sk(s->sk)->pmtudisc) == IP_PMTUDISC_PROBE)
		WRITE_ONCE(inet_sk(s->sk)->pmtudisc, s->pmtudisc);
	rcu_assign_sk_user_data(s->sk, NULL);
	release_sock(s->sk);
}

/**
 * signet_socket_detach() - give a socket back
 * @sd: the device
 * @family: AF_INET or AF_INET6
 *
 * Context: process, sd->lock held. On return nothing uses the socket.
 */
void signet_socket_detach(struct signet_device *sd, u16 family)
{
	struct signet_socket *s = attached(sd, family);

	if (!s)
		return;
	signet_rx_detach(s);
	release_callbacks(s);
	RCU_INIT_POINTER(sd->sockets[signet_family_index(family)], NULL);
	update_carrier(sd);
	synchronize_net();
	sock_put(s->sk);
	kfree(s);
}

/*
 * The last descriptor of the socket was closed. The device may be on its way
 * out, too: it can't be freed before its sockets are detached and a grace
 * period has passed, so a reference taken under RCU holds.
 */
static void encap_destroy(struct sock *sk)
{
	struct signet_device *sd = NULL;
	netdevice_tracker tracker;
	struct signet_socket *s;
	u16 family = 0;

	rcu_read_lock();
	s = rcu_dereference_sk_user_data(sk);
	if (s) {
		sd = s->sd;
		family = s->family;
		netdev_hold(sd->dev, &tracker, GFP_ATOMIC);
	}
	rcu_read_unlock();
	if (!s)
		return;

	mutex_lock(&sd->lock);
	s = attached(sd, family);
	if (s && s->sk == sk) {
		signet_socket_detach(sd, family);
		signet_event_socket_lost(sd, family);
	}
	mutex_unlock(&sd->lock);
	netdev_put(sd->dev, &tracker);
}

/**
 * signet_socket_check() - detach sockets that ended without a word
 * @sd: the device
 *
 * An owner who replaced our callbacks with setsockopt(UDP_ENCAP) and closed
 * the socket would have it stay here, and its network namespace with it.
 *
 * Context: process, sd->lock held.
 */
void signet_socket_check(struct signet_device *sd)
{
	static const u16 families[] = { AF_INET, AF_INET6 };
	struct signet_socket *s;
	int i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		s = attached(sd, families[i]);
		if (!s || (!sock_flag(s->sk, SOCK_DEAD) &&
			   READ_ONCE(udp_sk(s->sk)->encap_rcv) ==
				   signet_encap_rcv))
			continue;
		signet_socket_detach(sd, families[i]);
		signet_event_socket_lost(sd, families[i]);
	}
}

static int refuse(struct netlink_ext_ack *extack, int err, const char *why)
{
	if (extack)
		extack->_msg = why;
	return err;
}

/* lock_sock held */
static int check_sock(struct sock *sk, u16 family,
		      struct netlink_ext_ack *extack)
{
	if (sk->sk_type != SOCK_DGRAM || sk->sk_protocol != IPPROTO_UDP)
		return refuse(extack, -EINVAL, "not a UDP socket");
	if (sk->sk_family != family)
		return refuse(extack, -EINVAL,
			      "socket is of the other address family");
	if (family == AF_INET6 && !ipv6_only_sock(sk))
		return refuse(extack, -EINVAL,
			      "IPv6 socket without IPV6_V6ONLY");
	if (!inet_sk(sk)->inet_num)
		return refuse(extack, -EINVAL, "socket is not bound to a port");
	if (sk->sk_state == TCP_ESTABLISHED)
		return refuse(extack, -EBUSY, "socket is connected");
	if (sk->sk_reuseport || rcu_access_pointer(sk->sk_reuseport_cb))
		return refuse(extack, -EBUSY, "socket has SO_REUSEPORT");
	if (READ_ONCE(udp_sk(sk)->encap_type) ||
	    READ_ONCE(udp_sk(sk)->encap_rcv))
		return refuse(extack, -EBUSY,
			      "socket belongs to another tunnel");
	/* also sockmap's */
	if (rcu_access_pointer(__sk_user_data(sk)))
		return refuse(extack, -EBUSY, "socket is used by the kernel");
	return 0;
}

static int take_sock(struct signet_socket *s, struct netlink_ext_ack *extack)
{
	struct udp_tunnel_sock_cfg cfg = {
		.sk_user_data = s,
		.encap_type = SIGNET_ENCAP_TYPE,
		.encap_rcv = signet_encap_rcv,
		.encap_err_lookup = signet_tx_err_lookup,
		.encap_destroy = encap_destroy,
	};
	struct sock *sk = s->sk;
	int err;

	lock_sock(sk);
	err = check_sock(sk, s->family, extack);
	if (!err) {
		setup_udp_tunnel_sock(sock_net(sk), sk, &cfg);
		/*
		 * Segments of one datagram each would have their checksum
		 * computed by software to be of use to inner packets, which
		 * are sealed.
		 */
		inet_dec_convert_csum(sk);
		/*
		 * Super-packets are for the hook at LOCAL_IN. What it leaves
		 * is split, unless the owner asked for UDP_GRO, too.
		 */
		if (IS_ENABLED(CONFIG_NETFILTER))
			udp_set_bit(GRO_ENABLED, sk);
		/*
		 * IPv4 frames are not refused for a path MTU that the core
		 * was made to believe: see route4_mtu().
		 */
		s->pmtudisc = READ_ONCE(inet_sk(sk)->pmtudisc);
		WRITE_ONCE(inet_sk(sk)->pmtudisc, IP_PMTUDISC_PROBE);
	}
	release_sock(sk);
	return err;
}

/* sock->file is held by the caller: the sock can't be closed meanwhile */
static int attach(struct signet_device *sd, struct sock *sk, u16 family,
		  struct netlink_ext_ack *extack)
{
	struct signet_socket *s;
	int err;

	s = kzalloc_obj(*s, GFP_KERNEL_ACCOUNT);
	if (!s)
		return refuse(extack, -ENOMEM, "out of memory");
	s->sd = sd;
	s->sk = sk;
	s->family = family;
	sock_hold(sk);

	err = take_sock(s, extack);
	if (err)
		goto err_put;
	err = signet_rx_attach(s);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "can't hook into the firewall");
		goto err_release;
	}

	/* the new one is good: now the old one goes */
	signet_socket_detach(sd, family);
	rcu_assign_pointer(sd->sockets[signet_family_index(family)], s);
	update_carrier(sd);
	signet_expire_at(sd, ktime_get_boottime_ns()); /* checks from now on */
	return 0;

err_release:
	release_callbacks(s);
	synchronize_net();
err_put:
	sock_put(sk);
	kfree(s);
	return err;
}

int signet_socket_attach(struct signet_device *sd, int fd, u16 family,
			 struct netlink_ext_ack *extack)
{
	struct signet_socket *old = attached(sd, family);
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return refuse(extack, err == -ENOTSOCK ? -EINVAL : err,
			      err == -ENOTSOCK ?
				      "descriptor is not a socket" :
				      "no such descriptor");

	if (!old || old->sk != sock->sk)
		err = attach(sd, sock->sk, family, extack);
	else
		err = 0; /* it is here already */
	sockfd_put(sock);
	return err;
}
