# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Probes: what does this kernel lack of what the sources are written against?
# Headers are read, since distributions bring interfaces to old versions. Each
# answer is a macro, and compat/include/ adds what is lacking.

# $(call lacks,NAME,HEADER,REGEX): -DSIGNET_LACKS_NAME unless the header, its
# lines joined, has the expression (make counts brackets, so they are dots)
lacks = $(if $(shell cat $(srctree)/include/$(strip $(2)) 2>/dev/null | \
	tr '\n' ' ' | tr -s '\t ' ' ' | grep -qE '$(strip $(3))' && echo y),,\
	-DSIGNET_LACKS_$(strip $(1)))

compat := \
$(call lacks,UNALIGNED,linux/unaligned.h,get_unaligned) \
$(call lacks,CRYPTO_UTILS,crypto/utils.h,crypto_memneq) \
$(call lacks,WALK_OVER_PAGES,crypto/scatterwalk.h,limit = PAGE_SIZE;) \
$(call lacks,CHACHA_STATE,crypto/chacha.h,struct chacha_state \{) \
$(call lacks,GSO_H,net/gso.h,skb_gso_segment) \
$(call lacks,WQ_PERCPU,linux/workqueue.h,WQ_PERCPU) \
$(call lacks,KZALLOC_OBJ,linux/slab.h,define kzalloc_obj) \
$(call lacks,TIMER_CONTAINER_OF,linux/timer.h,define timer_container_of) \
$(call lacks,CRYPTO_COMPLETION_DATA,linux/crypto.h,crypto_completion_t..void \*) \
$(call lacks,LLTX,linux/netdevice.h,lltx:1|lltx;) \
$(call lacks,NETDEV_GET_BY_INDEX,linux/netdevice.h,\*netdev_get_by_index.struct net) \
$(call lacks,EXTACK_FMT,linux/netlink.h,define NL_SET_ERR_MSG_FMT_MOD) \
$(call lacks,NLA_CONST_RANGE,net/netlink.h,const struct netlink_range_validation \*range) \
$(call lacks,NLA_UINT,net/netlink.h,NLA_UINT) \
$(call lacks,GENL_SPLIT_OPS,net/genetlink.h,struct genl_split_ops \{) \
$(call lacks,GENL_INFO_DUMP,net/genetlink.h,genl_info_dump.) \
$(call lacks,TUNNEL_FLAG_BITS,net/ip_tunnels.h,define IP_TUNNEL_DECLARE_FLAGS) \
$(call lacks,NEWLINK_PARAMS,net/rtnetlink.h,struct rtnl_newlink_params \{) \
$(call lacks,UDP_TUNNEL_SOCK,net/udp_tunnel.h,setup_udp_tunnel_sock.struct net \*net$(comma) struct sock \*) \
$(call lacks,UDP_TUNNEL_FLAGS,net/udp_tunnel.h,bool xnet$(comma) bool nocheck$(comma) u16) \
$(call lacks,UDP_TUNNEL6_VOID,net/udp_tunnel.h,void udp_tunnel6_xmit_skb) \
$(call lacks,TSTAMP_TYPE,linux/skbuff.h,tstamp_type:) \
$(call lacks,GSO_ACCECN,linux/skbuff.h,SKB_GSO_TCP_ACCECN)

ccflags-y += $(compat)
# before the kernel's own, which they include next
LINUXINCLUDE := -I$(src)/compat/include $(LINUXINCLUDE)

compat-$(if $(findstring GENL_SPLIT_OPS,$(compat)),y) += compat/genl.o
