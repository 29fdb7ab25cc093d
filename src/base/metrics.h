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
X(METRIC_SIP_STRAY, "sip_stray_responses_total", "counter", "Responses that belonged to no transaction.")
X(METRIC_SIP_TIMEOUT, "sip_timeouts_total", "counter", "Requests sent that nobody answered.")
X(METRIC_SIP_RX_AGAIN, "sip_retransmissions_received", "counter", "SIP requests received again.")
