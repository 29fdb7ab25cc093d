// SPDX-License-Identifier: Apache-2.0
/* The table of metrics: X(id, "name", "counter"|"gauge", "one sentence"). doc/metrics.md is made
 * from it. No include guard: it is included with different X. */

X(METRIC_SIP_RX, "sip_messages_received", "counter", "SIP messages received.")
X(METRIC_SIP_TX, "sip_messages_sent", "counter", "SIP messages sent.")
X(METRIC_SIP_BAD, "sip_messages_malformed", "counter", "SIP messages that were not understood.")
X(METRIC_SIP_RETRANSMIT, "sip_retransmissions", "counter", "SIP messages sent again for want of an answer.")
X(METRIC_CALLS, "calls", "gauge", "Calls that are up or being set up.")
X(METRIC_CALLS_TOTAL, "calls_total", "counter", "Calls that were begun.")
X(METRIC_REGISTRATIONS, "registrations", "gauge", "Bindings that are registered.")
X(METRIC_REGISTERS, "registers_total", "counter", "REGISTER requests accepted.")
X(METRIC_AUTH_FAILED, "auth_failed_total", "counter", "Requests whose credentials were wrong.")

X(METRIC_SIP_TRANSACTIONS, "sip_transactions", "gauge", "SIP transactions alive.")
X(METRIC_SIP_OVERLOAD, "sip_overload_total", "counter", "Requests refused because there were too many transactions.")
X(METRIC_OVERLOAD, "overload", "gauge", "Shards that cannot keep up and refuse new requests now.")
X(METRIC_OVERLOAD_REFUSED, "overload_refused_total", "counter", "Requests answered 503 because a shard could not keep up.")
X(METRIC_SIP_STRAY, "sip_stray_responses_total", "counter", "Responses that belonged to no transaction.")
X(METRIC_SIP_TIMEOUT, "sip_timeouts_total", "counter", "Requests sent that nobody answered.")
X(METRIC_SIP_RX_AGAIN, "sip_retransmissions_received", "counter", "SIP requests received again.")
X(METRIC_MEDIA_STREAMS, "media_streams", "gauge", "Media streams.")
X(METRIC_MEDIA_RX, "media_packets_received", "counter", "Datagrams that came to media ports.")
X(METRIC_MEDIA_TX, "media_packets_sent", "counter", "RTP and RTCP packets sent.")
X(METRIC_MEDIA_FAST, "media_packets_by_kernel", "counter", "RTP packets among those that the kernel relayed by itself (media.accel).")
X(METRIC_MEDIA_REFUSED, "media_packets_refused", "counter", "Datagrams from an address that no stream hears.")
X(METRIC_MEDIA_BAD, "media_packets_malformed", "counter", "Datagrams from the right address that are not what belongs there.")
X(METRIC_MEDIA_TX_FAILED, "media_packets_send_failed", "counter", "Media packets that the system did not take.")
X(METRIC_MEDIA_CMD_DROPPED, "media_commands_dropped", "counter", "Commands dropped because a media thread's mailbox was full.")
