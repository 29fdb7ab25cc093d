// SPDX-License-Identifier: Apache-2.0
/* The table of settings: X(TYPE, field, "name", min, max, "default", "unit", "one sentence").
 * struct settings, the parser, `tandemd --help` and doc/settings.md are made from it.
 * No include guard: it is included with different X.
 *
 * TYPE     written as                                       min, max
 * NUMBER   decimal digits                                   of the number
 * TEXT     characters                                       of its length
 * IP       an IP address; nothing, or any where min is 1    1: it may not be empty
 * LISTEN   udp:ADDRESS:PORT,tcp:ADDRESS:PORT,...            of the number of entries
 * PORTS    FIRST-LAST                                       of the port numbers
 * LEVEL    error, warn, info, debug                         -
 * AUTO     off, auto                                        -
 */

X(LISTEN, sip_listen, "sip.listen", 1, 16,
  "udp:0.0.0.0:5060,tcp:0.0.0.0:5060,udp:[::]:5060,tcp:[::]:5060", "",
  "Where SIP is served; the IPv6 entries of the default are left out on a system without IPv6.")
X(IP, sip_advertise, "sip.advertise", 0, 0, "", "",
  "The address that Contact, Via and Record-Route name instead of the local one: the public address behind a 1:1 NAT.")
X(TEXT, sip_realm, "sip.realm", 1, 63, "tandem", "",
  "The realm of challenges to phones that do not know their domain; a change makes phones register anew.")
X(NUMBER, sip_rcvbuf_bytes, "sip.rcvbuf_bytes", 0, 268435456, "4194304", "bytes",
  "Receive buffer of each UDP socket of SIP; 0 leaves it to the system.")

X(IP, rtp_address, "rtp.address", 1, 1, "0.0.0.0", "",
  "Where media is received; 0.0.0.0 (or any) means every address of the machine, IPv4 and IPv6.")
X(IP, rtp_advertise, "rtp.advertise", 0, 0, "", "",
  "The address that our session descriptions name instead of the local one; without it sip.advertise counts.")
X(PORTS, rtp_ports, "rtp.ports", 1024, 65535, "20000-29999", "",
  "UDP ports of media, RTP on the even ones and RTCP on the odd ones.")
X(NUMBER, rtp_sockets, "rtp.sockets", 1, 1024, "32", "pairs",
  "Ports that each media thread opens at the start and shares among its streams; more are opened on demand.")
X(NUMBER, rtp_rcvbuf_bytes, "rtp.rcvbuf_bytes", 0, 268435456, "4194304", "bytes",
  "Receive buffer of each media socket; 0 leaves it to the system.")
X(NUMBER, rtp_silence_s, "rtp.silence_s", 0, 3600, "60", "seconds",
  "A leg that ought to send and sends nothing for so long is asked whether it is still there; 0: never.")

X(TEXT, sounds_dir, "sounds.dir", 1, 400, "/usr/share/asterisk/sounds", "",
  "Recorded prompts: a folder for each language and voice, as the distribution's sound packages have them.")
X(NUMBER, sounds_kept_bytes, "sounds.kept_bytes", 0, 4294967296, "67108864", "bytes",
  "Decoded sounds that nobody plays are kept in memory up to this, so that they are read once.")

X(NUMBER, shards, "shards", 0, 64, "0", "threads",
  "Threads that serve signalling; 0: one for each processor.")
X(NUMBER, media_threads, "media.threads", 0, 64, "0", "threads",
  "Threads that serve media; 0: one for each processor.")
X(AUTO, media_accel, "media.accel", 0, 0, "off", "",
  "Whether the kernel may relay media by itself (eBPF at the network interfaces; needs CAP_BPF and CAP_NET_ADMIN).")

X(LEVEL, log_level, "log.level", 0, 0, "info", "",
  "Records up to this level are written.")

X(NUMBER, limit_message_bytes, "limits.message_bytes", 2048, 1048576, "65535", "bytes",
  "Longest SIP message, body included.")
X(NUMBER, limit_headers, "limits.headers", 32, 4096, "256", "",
  "Most header lines of a SIP message.")
X(NUMBER, limit_body_bytes, "limits.body_bytes", 1024, 1048576, "60000", "bytes",
  "Longest body of a SIP message.")
X(NUMBER, limit_transactions, "limits.transactions", 16, 10000000, "200000", "",
  "Most transactions of a shard at a time; above it new requests are answered 503.")
X(NUMBER, limit_tcp_connections, "limits.tcp_connections", 1, 1000000, "20000", "",
  "Most TCP connections of a listener and shard at a time.")
X(NUMBER, limit_tcp_connections_ip, "limits.tcp_connections_per_ip", 1, 1000000, "1000", "",
  "Most TCP connections from one address to a listener and shard at a time.")
X(NUMBER, limit_tcp_idle_s, "limits.tcp_idle_s", 5, 86400, "120", "seconds",
  "A TCP connection over which nobody has registered is closed after so long without a byte.")
X(NUMBER, limit_tcp_registered_idle_s, "limits.tcp_registered_idle_s", 60, 604800, "7500", "seconds",
  "The same for a connection over which a device has registered.")
X(NUMBER, limit_tcp_unsent_bytes, "limits.tcp_unsent_bytes", 65536, 16777216, "1048576", "bytes",
  "Most bytes waiting to be sent on a TCP connection.")
X(NUMBER, limit_registrations, "limits.registrations", 1, 10000000, "1000000", "",
  "Most bindings of a shard; above it new contacts are answered 503, refreshes go on.")
X(NUMBER, limit_registrations_device, "limits.registrations_per_device", 1, 100, "10", "",
  "Most contacts that one device may register.")
X(NUMBER, limit_calls, "limits.calls", 1, 1000000, "20000", "",
  "Most calls of a shard at a time.")
X(NUMBER, limit_branches, "limits.branches", 1, 64, "32", "",
  "Most contacts that one call rings at a time.")
X(NUMBER, limit_streams, "limits.streams", 2, 1000000, "40000", "",
  "Most media streams of a media thread at a time; a relayed call has two.")
X(NUMBER, limit_expiry_min_s, "limits.expiry_min_s", 1, 3600, "60", "seconds",
  "A registration may not ask for a shorter time (423).")
X(NUMBER, limit_expiry_max_s, "limits.expiry_max_s", 60, 604800, "7200", "seconds",
  "A registration that asks for more gets this.")
X(NUMBER, limit_expiry_default_s, "limits.expiry_default_s", 1, 604800, "3600", "seconds",
  "A registration that names no time gets this.")
X(NUMBER, limit_ring_s, "limits.ring_s", 1, 600, "180", "seconds",
  "A call that nobody has answered is ended after so long.")
X(NUMBER, limit_call_s, "limits.call_s", 60, 604800, "43200", "seconds",
  "An answered call is ended after so long.")
X(NUMBER, limit_session_expires_s, "limits.session_expires_s", 90, 86400, "1800", "seconds",
  "Session interval that is offered (RFC 4028).")
X(NUMBER, limit_session_min_s, "limits.session_min_s", 90, 3600, "90", "seconds",
  "Shortest session interval that is accepted (422 below it).")
X(NUMBER, limit_nonce_age_s, "limits.nonce_age_s", 10, 86400, "3600", "seconds",
  "A nonce is good for so long; then the phone is given another without asking its user.")
X(NUMBER, limit_nonces, "limits.nonces", 1024, 16777216, "262144", "",
  "Nonces of a shard whose counts are remembered.")
X(NUMBER, overload_target_ms, "overload.target_ms", 0, 1000, "10", "ms",
  "A shard that cannot keep up refuses new requests (503) so that those it takes wait no longer than about this; 0: it never refuses.")
X(NUMBER, overload_retry_after_s, "overload.retry_after_s", 1, 3600, "10", "seconds",
  "Retry-After of such a refusal is between this and twice this.")
X(NUMBER, limit_file_bytes, "limits.file_bytes", 4096, 67108864, "8388608", "bytes",
  "Longest tenant file, and longest request on the control socket.")
X(NUMBER, limit_control_clients, "limits.control_clients", 1, 1024, "64", "",
  "Most programs that talk to the control socket at a time.")
